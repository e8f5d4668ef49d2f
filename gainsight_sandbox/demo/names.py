"""Words that the demo records are made of."""

from __future__ import annotations

FIRST_NAMES = (
    "Amara", "Anders", "Anika", "Bruno", "Carmen", "Chidi", "Dana", "Elif", "Emre", "Farah",
    "Georg", "Hana", "Ines", "Ivan", "Jamal", "Joana", "Kenji", "Latisha", "Leila", "Marek",
    "Mathew", "Mei", "Nadia", "Noah", "Olga", "Priya", "Rafael", "Sofia", "Tomás", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Becker", "Castro", "Demir", "Eriksen", "Fischer", "García", "Haddad", "Ivanova",
    "Jones", "Kowalski", "Lindqvist", "Moreau", "Nakamura", "O'Brien", "Okafor", "Patel",
    "Quinn", "Rossi", "Silva", "Tanaka", "Usman", "van Dijk", "Weber", "Ximénez", "Yilmaz",
)  # fmt: skip
COMPANY_STEMS = (
    "Acme", "Alder", "Beacon", "Birch", "Cobalt", "Copper", "Delta", "Ember", "Falcon", "Granite",
    "Harbor", "Indigo", "Juniper", "Keystone", "Lumen", "Maple", "Northwind", "Orchid", "Pioneer",
    "Quartz", "Raven", "Summit", "Tidal", "Umber", "Vertex", "Willow", "Zephyr",
)  # fmt: skip
COMPANY_TRADES = (
    "Analytics", "Biotech", "Cloud", "Dynamics", "Energy", "Foods", "Freight", "Health",
    "Insurance", "Labs", "Logistics", "Media", "Networks", "Outdoors", "Payments", "Robotics",
    "Software", "Systems", "Textiles", "Travel",
)  # fmt: skip
COMPANY_FORMS = ("Inc.", "Ltd", "GmbH", "LLC", "Group", "& Sons", "S.A.", "Co., Inc.")
STATES = (
    "California", "Colorado", "Georgia", "Illinois", "Kansas", "Massachusetts", "New York",
    "Oregon", "Texas", "Virginia", "Washington",
)  # fmt: skip
TOPICS = (
    "onboarding", "the renewal", "single sign-on", "the data migration", "open tickets",
    "the new dashboard", "training for admins", "pricing", "the roadmap", "low adoption",
)  # fmt: skip
MEETINGS = ("Kick-off on", "Weekly call about", "Business review:", "E-mail about", "Workshop on")
REMARKS = (
    "They are happy with the pace.",
    "Two users report slow reports.",
    "The sponsor leaves at the end of the quarter.",
    "We agreed on next steps and owners.",
    "They want to extend to a second team.",
    "Budget is under review.",
)
