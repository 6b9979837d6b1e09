"""The people who work with Enate in the demo."""

from events.demo.people import ELSEWHERE, team

TEAM = team(
    "meridian-services.example",
    101,
    "Asha Verma: Team Leader",
    "Tom Okonkwo: Agent",
    "Ines Carvalho: Agent",
    "Piotr Zielinski: Agent",
    "Maya Lindqvist: Agent",
    "Hugo Renard: Agent",
    "Siobhan Kelly: Team Leader",
    "Kenji Watanabe: Agent",
    "Lucia Ferrante: Service Line Owner",
    "Rachel Adeyemi: Release Manager, Builder",
    "Omar Haddad: Builder",
    "Greta Neumann: Administrator",
)
LEADERS = (TEAM["asha.verma"], TEAM["siobhan.kelly"])
AGENTS = tuple(person for person in TEAM.values() if person.roles == ("Agent",))
OWNER = TEAM["lucia.ferrante"]
RELEASE_MANAGER = TEAM["rachel.adeyemi"]
BUILDER = TEAM["omar.haddad"]
ADMINISTRATOR = TEAM["greta.neumann"]

# He is in Enate's own document and has left since.
JOHN_DOE = team("meridian-services.example", 100, "John Doe: Agent")["john.doe"]

# They come and go: their accounts are created, changed and deleted.
NEWCOMERS = tuple(
    team(
        "meridian-services.example",
        131,
        "Nadia Petrova: Agent",
        "Samuel Boateng: Agent",
        "Chloe Martin: Agent",
        "Diego Salazar: Agent",
        "Yuki Tanabe: Agent",
        "Fergus Lamont: Agent",
    ).values()
)

# Another company's system, which calls the API directly.
BRIDGE = {"type": "api", "username": "ledger-bridge"}
BRIDGE_CONTEXT = {"ip": f"{ELSEWHERE}44", "user_agent": "ledger-bridge/3.2"}

CUSTOMERS = ("Northwind Foods", "Brightwater Energy", "Calder Textiles", "Halden Rail", "Oakfield Clinics")
