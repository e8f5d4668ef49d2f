"""The demo's customers: companies, people, relationships, and the team that serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_sandbox.demo import names
from gainsight_sandbox.demo.columns import (
    Column,
    DemoObject,
    column,
    demo_object,
    gsid,
    lookup,
    money,
    multiselect,
    picklist,
    system_columns,
    text,
)
from gainsight_sandbox.demo.draw import PREFIXES
from gainsight_sandbox.demo.work import rich_note
from gainsight_sandbox.tenant.ids import dropdown, record_id
from gainsight_sandbox.tenant.schema import DataType, Field

if TYPE_CHECKING:
    from gainsight_sandbox.demo.draw import Draw

INDUSTRIES = dropdown(
    "Industry", "Education", "Government", "Healthcare", "Manufacturing", "Non-profit", "Technology"
)
SEGMENTS = dropdown("Segment", "Enterprise", "Mid-Market", "SMB", inactive=("Legacy",))
STAGES = dropdown("Stage", "Onboarding", "Adopting", "Active", "At risk", "Churned")
STATUSES = dropdown("Status", "Active", "Inactive", "Churn")
TAGS = dropdown("Tags", "Beta", "Champion", "EU data", "Multi-year", "Partner", "Reference")
ROLES = dropdown("Role", "Admin", "Decision maker", "Executive sponsor", "User")


def users() -> DemoObject:
    """The customer-success team."""
    return demo_object(
        "gsuser",
        60,
        gsid("gsuser"),
        text("Name", lambda d: d.person(), required=True),
        column("Email", DataType.EMAIL, lambda d: f"user{d.number + 1}@csteam.example"),
        column("IsActiveUser", DataType.BOOLEAN, lambda d: d.maybe(0.9)),
        lookup("Manager", "gsuser", share=0.8),
        column("SFDCUserId", DataType.SFDCID, lambda d: d.salesforce_id("005"), share=0.7),
        column("Photo", DataType.IMAGE, lambda d: f"/img/{d.number}.png", share=0.3, hidden=True),
        *system_columns(),
    )


def companies() -> DemoObject:
    """The customers."""
    return demo_object(
        "company",
        3000,
        gsid("company"),
        text("Name", lambda d: d.company(), required=True),
        lookup("Csm", "gsuser", share=0.95),
        lookup("ParentCompany", "company", share=0.1),
        picklist("Industry", INDUSTRIES, share=0.9),
        picklist("Stage", STAGES),
        picklist("Status", STATUSES),
        multiselect("Tags", TAGS),
        money("Arr", 5_000_000),
        money("Mrr", 400_000, share=0.8),
        column("Users", DataType.NUMBER, lambda d: d.number_up_to(5000), share=0.9),
        column("Employees", DataType.NUMBER, lambda d: d.number_up_to(90_000), share=0.5),
        column("RenewalDate", DataType.DATE, lambda d: d.day(60, 365), share=0.95),
        column("OriginalContractDate", DataType.DATE, lambda d: d.day(2000, 0)),
        column("Website", DataType.URL, lambda d: f"https://customer{d.number + 1}.example"),
        column("SfdcAccountId", DataType.SFDCID, lambda d: d.salesforce_id("001"), share=0.8),
        column("Summary", DataType.RICHTEXTAREA, rich_note, share=0.4),
        text("Billing_State__gc", lambda d: d.one(names.STATES), share=0.85),
        picklist("Segment__gc", SEGMENTS),
        text("Unique_ID__gc", lambda d: f"JB{d.number + 1:06d}"),
        column("Is_Strategic__gc", DataType.BOOLEAN, lambda d: d.maybe(0.1)),
        column(
            "Adoption__gc",
            DataType.PERCENTAGE,
            lambda d: d.amount(100, 2),
            share=0.8,
            decimal_places=2,
        ),
        column("Last_Login__gc", DataType.DATETIME, lambda d: d.moment(90), share=0.7),
        column("Import_Hash__gc", DataType.STRING, lambda d: f"{d.below(2**60):x}", hidden=True),
        *system_columns(),
    )


def people() -> DemoObject:
    """The people at the customers, whatever company they are with."""
    return demo_object(
        "person",
        5000,
        gsid("person"),
        text("Name", person_name),
        text("FirstName", lambda d: person_name(d).split()[0]),
        text("MiddleName", lambda _: None),
        text("LastName", lambda d: person_name(d).split()[1]),
        column("Email", DataType.EMAIL, person_email, required=True),
        column("LinkedinUrl", DataType.URL, lambda _: None),
        text("Location", lambda d: d.one(names.STATES), share=0.6),
        text("Timezone", lambda d: d.one(("UTC", "Asia/Kolkata")), share=0.5),
        text("ExternalRecordID", lambda d: f"C-{d.number + 1}", share=0.8),
        column("Comments", DataType.RICHTEXTAREA, rich_note, share=0.2),
        column("Age__gc", DataType.NUMBER, lambda d: d.number_up_to(90), share=0.3),
        *system_columns(),
    )


def person_name(d: Draw) -> str:
    """The name of the person of this number."""
    first = names.FIRST_NAMES[d.number % len(names.FIRST_NAMES)]
    return f"{first} {names.LAST_NAMES[d.number // 3 % len(names.LAST_NAMES)]}"


def person_email(d: Draw) -> str:
    """The address of the person of this number."""
    return f"person{d.number + 1}@customer.example"


def company_people() -> DemoObject:
    """With which company each person is, and as what."""
    return demo_object(
        "company_person",
        5000,
        gsid("company_person"),
        text("Name", person_name, required=True),
        lookup("Company_ID__gc", "company", required=True),
        Column(Field("Person_ID", DataType.LOOKUP, lookup="person"), _own_person),
        column("Email", DataType.EMAIL, person_email),
        text("Title", lambda d: d.one(("CEO", "CTO", "Head of IT", "Analyst")), share=0.8),
        picklist("Role", ROLES, share=0.7),
        column("IsPrimaryCompany", DataType.BOOLEAN, lambda d: d.maybe(0.8)),
        column("IsActive", DataType.BOOLEAN, lambda d: d.maybe(0.9)),
        *system_columns(),
    )


def _own_person(d: Draw) -> str | None:
    there = d.number < d.counts.get("person", 0)
    return record_id(PREFIXES["person"], d.number) if there else None


def relationship_types() -> DemoObject:
    """The kinds of relationship."""
    types = ("Product line", "Region", "Project", "Demo Relationship")
    return demo_object(
        "relationship_type",
        len(types),
        gsid("relationship_type"),
        text("Name", lambda d: types[d.number % len(types)], required=True),
        text("Description", lambda d: f"Kind {d.number + 1}", share=0.5),
        *system_columns(),
    )


def relationships() -> DemoObject:
    """What the customers use."""
    products = ("Iphones", "Ipads", "IWatch", "Macbooks")
    return demo_object(
        "relationship",
        4000,
        gsid("relationship"),
        text("Name", lambda d: f"{d.one(products)} {d.number + 1}", required=True),
        lookup("CompanyId", "company", required=True),
        lookup("TypeId", "relationship_type", required=True),
        lookup("Csm", "gsuser", share=0.6),
        text("Company_Name__gc", lambda _: None),
        text("Type_Name__gc", lambda _: None),
        money("Arr", 900_000, share=0.8),
        money("Mrr", 75_000, share=0.8),
        money("OnetimeRevenue", 10_000, share=0.2),
        picklist("Stage", STAGES, share=0.9),
        picklist("Status", STATUSES, share=0.9),
        column("Comments", DataType.RICHTEXTAREA, rich_note, share=0.3),
        column("CurrentScore", DataType.NUMBER, lambda d: d.number_up_to(101), share=0.7),
        column("PreviousScore", DataType.NUMBER, lambda d: d.number_up_to(101), share=0.6),
        column("Nps", DataType.NUMBER, lambda d: d.number_up_to(11), share=0.4),
        column(
            "Csat", DataType.PERCENTAGE, lambda d: d.amount(100, 2), share=0.4, decimal_places=2
        ),
        column("OriginalContractDate", DataType.DATE, lambda d: d.day(2000, 0), share=0.8),
        column("SfdcRelationshipId", DataType.SFDCID, lambda d: d.salesforce_id("a0R"), share=0.3),
        *system_columns(),
    )
