"""What the demo's team does: calls to action, timeline, surveys, scorecards, e-mails."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from gainsight_sandbox.demo import names
from gainsight_sandbox.demo.columns import (
    Column,
    DemoObject,
    Draws,
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
from gainsight_sandbox.tenant.ids import dropdown, record_id
from gainsight_sandbox.tenant.schema import DataType, Field, ObjectType
from gainsight_sandbox.tenant.tenant import DELETE_LOG, delete_log

if TYPE_CHECKING:
    from gainsight_sandbox.demo.draw import Draw

PRIORITIES = dropdown("Priority", "High", "Medium", "Low")
CTA_TYPES = dropdown("CTA type", "Risk", "Opportunity", "Lifecycle", "Objective")
CTA_STATUSES = dropdown("CTA status", "New", "Work in progress", "Closed success", "Closed lost")
CTA_REASONS = dropdown("CTA reason", "Bugs Risk", "Low usage", "Renewal", "Other")
ACTIVITY_TYPES = dropdown("Activity type", "Call", "Email", "Meeting", "Update", "Milestone")
CHANNELS = dropdown("Channel", "E-mail", "In app", "Link")
FEATURES = dropdown("Features", "Dashboards", "Exports", "Mobile", "Reports", "Rules")


def calls_to_action() -> DemoObject:
    """Calls to action."""
    return demo_object(
        "call_to_action",
        5000,
        gsid("call_to_action"),
        text("Name", lambda d: d.note().capitalize(), required=True),
        lookup("CompanyId", "company"),
        lookup("RelationshipId", "relationship", share=0.4),
        lookup("OwnerId", "gsuser"),
        picklist("PriorityId", PRIORITIES),
        picklist("TypeId", CTA_TYPES),
        picklist("StatusId", CTA_STATUSES, controller="TypeId"),
        picklist("ReasonId", CTA_REASONS),
        text("Source_ID__gc", lambda _: None),
        column("DueDate", DataType.DATE, lambda d: d.day(120, 90), share=0.95),
        column("ClosedDate", DataType.DATETIME, lambda d: d.moment(120), share=0.5),
        column("IsClosed", DataType.BOOLEAN, lambda d: d.maybe(0.5)),
        column("Comments", DataType.RICHTEXTAREA, rich_note, share=0.6),
        column(
            "PercentComplete",
            DataType.PERCENTAGE,
            lambda d: d.amount(100, 2),
            share=0.5,
            decimal_places=2,
        ),
        *system_columns(),
    )


def timeline() -> DemoObject:
    """The timeline, whose modified date is named LastModifiedDate."""
    return demo_object(
        "activity_timeline",
        30_000,
        gsid("activity_timeline"),
        text("Subject", lambda d: d.note(), required=True),
        column("Notes", DataType.RICHTEXTAREA, rich_note),
        column("NotesPlainText", DataType.TEXT, lambda d: d.one(names.REMARKS)),
        text("contextname", lambda d: d.one(("Company", "Relationship"))),
        text("ExternalId", lambda d: f"act-{d.number + 1}" if d.number % 2 else None),
        lookup("GsCompanyId", "company"),
        Column(Field("GsRelationshipId", DataType.LOOKUP, lookup="relationship"), lambda _: None),
        lookup("AuthorId", "gsuser"),
        picklist("TypeName", ACTIVITY_TYPES),
        column("ActivityDate", DataType.DATETIME, lambda d: d.moment(180)),
        column("DurationInMins", DataType.NUMBER, lambda d: d.number_up_to(120), share=0.5),
        column("internalAttendees", DataType.WHOID, lambda d: d.reference("gsuser"), share=0.6),
        column("Ant__Sentiment__c", DataType.STRING, lambda d: d.one(("good", "bad")), share=0.3),
        column("MetaInfo", DataType.JSON, _meta_info, share=0.4, hidden=True),
        column("whatId", DataType.WHATID, lambda d: d.own_id("activity_timeline"), hidden=True),
        column("context", DataType.CONTEXT, lambda _: "GsCompany", hidden=True),
        column("revision", DataType.JSONNUMBER, lambda d: Decimal(d.number % 9), hidden=True),
        column("isPinned", DataType.JSONBOOLEAN, lambda d: d.number % 9 == 0, hidden=True),
        column("origin", DataType.JSONSTRING, lambda _: "web", hidden=True),
        *system_columns(modified="LastModifiedDate"),
    )


def survey_responses() -> DemoObject:
    """Answers to surveys, dated by CreatedAt and ModifiedAt."""
    return demo_object(
        "nps_survey_response",
        3000,
        gsid("nps_survey_response"),
        lookup("CompanyId", "company"),
        lookup("RespondentId", "company_person", share=0.9),
        column("NpsScore", DataType.NUMBER, lambda d: d.number_up_to(11)),
        column("Comment", DataType.TEXT, lambda d: d.one(names.REMARKS), share=0.5),
        picklist("Channel", CHANNELS),
        multiselect("LikedFeatures", FEATURES),
        column("IsAnonymous", DataType.BOOLEAN, lambda d: d.maybe(0.2)),
        *system_columns("CreatedAt", "ModifiedAt"),
    )


def scorecard_history() -> DemoObject:
    """Past scores, whose key is `Id`."""
    name = "account_scorecard_history"
    return demo_object(
        name,
        6000,
        column("Id", DataType.STRING, lambda d: d.own_id(name), read_only=True),
        lookup("AccountId", "company"),
        column("Score", DataType.NUMBER, lambda d: d.amount(100, 2), decimal_places=2),
        text("Label", lambda d: d.one(("Green", "Yellow", "Red"))),
        column("SnapshotDate", DataType.DATE, lambda d: d.day(180, 0)),
        column("ModifiedDate", DataType.DATETIME, lambda d: d.modified, read_only=True),
        object_type=ObjectType.SYSTEM,
    )


def email_logs() -> DemoObject:
    """E-mails sent; the object has neither a key nor a modified date."""
    return demo_object(
        "email_logs",
        2000,
        column("Recipient", DataType.EMAIL, lambda d: f"person{d.below(900)}@customer.example"),
        text("Template", lambda d: d.one(("Welcome", "Renewal", "Survey"))),
        text("Status", lambda d: d.one(("SENT", "OPENED", "BOUNCED"))),
        column("Opens", DataType.NUMBER, lambda d: d.number_up_to(5)),
        column("SentDay", DataType.DATE, lambda d: d.day(90, 0)),
        object_type=ObjectType.SYSTEM,
    )


def deletions() -> DemoObject:
    """Records deleted in the last days."""
    victims = ("company_person", "call_to_action", "activity_timeline")

    def victim(d: Draw) -> str:
        return victims[d.number % len(victims)]

    draws: tuple[Draws, ...] = (
        lambda d: record_id(PREFIXES[victim(d)], d.counts[victim(d)] + d.number),
        lambda d: d.moment(15),
        victim,
    )
    schema = delete_log(DELETE_LOG)
    return DemoObject(schema, 25, tuple(map(Column, schema.fields, draws)))


def secrets() -> DemoObject:
    """An object that the key's permissions do not reach."""
    name = "billing_secret__gc"
    return demo_object(
        name,
        10,
        gsid(name),
        text("Name", lambda d: f"Contract {d.number + 1}"),
        money("Discount__gc", 1000),
        *system_columns(),
        object_type=ObjectType.CUSTOM,
        readable=False,
    )


def rich_note(d: Draw) -> str:
    """A note with the markup and the line breaks that people leave in it."""
    lines = "<br>\n".join(d.one(names.REMARKS) for _ in range(1 + d.below(3)))
    return f"<p><b>{d.note()}</b>, as agreed:</p>\n<p>{lines}</p>"


def _meta_info(d: Draw) -> str:
    return f'{{"source": "web", "revision": {d.below(9)}, "tags": ["a", "b,c"]}}'
