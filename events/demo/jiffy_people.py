"""The people who work with Jiffy in the demo: admins, members, and invited people."""

from events.demo.people import team

DOMAIN = "skyline-apps.example"
TEAM = team(
    DOMAIN,
    301,
    "Helena Novak: Admin",
    "Joao Pereira",
    "Amara Diallo",
    "Viktor Holm",
    "Priya Raman: Admin",
    "Callum Fraser",
    "Noor Aziz",
    "Eva Brandt",
    "Mateo Rojas",
    "Lin Zhou",
    "Zoë Marchetti",
    "Ruben Katz",
    user_type="Member",
)
_NAMES = ("Paula Simic", "Andre Thibault", "Farah Siddiqui", "Jonas Eklund", "Mei Tan", "Oscar Brandao")
NEWCOMERS = tuple(team(DOMAIN, 331, *_NAMES, user_type="Member").values())
GUESTS = tuple(team("partner-air.example", 351, "Ivana Kolar", "Ned Ashworth", "Sofia Greco").values())

ADMINS = tuple(person for person in TEAM.values() if person.user_type == "Admin")
BUILDERS = tuple(person for person in TEAM.values() if person.user_type == "Member")
