"""The people who work with CareAR in the demo, and the technicians who come and go."""

from events.demo.people import team

DOMAIN = "fieldworks.example"
TEAM = team(
    DOMAIN,
    701,
    "Grace Okafor: Tenant Admin",
    "Daniel Weiss: Tenant Admin",
    "Mina Patel: Group Admin",
    "Luca Moretti: Group Admin",
    "Aisha Rahman: Experience Editor",
    "Sven Halvorsen: Experience Editor",
    "Clara Jimenez: Experience Editor",
    "Yusuf Demir: Analyst",
    "Hannah Brooks: Analyst",
    "Tariq Saleh: Group Admin",
    "Emily Ostrander: Tenant Admin",
    "Kofi Asante: Experience Editor",
)
TECHNICIANS = tuple(
    team(DOMAIN, 731, "Ben Carter", "Olga Ivanova", "Ken Mori", "Fatou Diop", "Alan Reyes", "Julia Sand").values()
)
GROUPS = ("Field North", "Field South", "Depot", "Training")
