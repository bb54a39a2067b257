"""Exports of product analytics as their tools write them, of the same made-up visits to a shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_URL, uuid5

SHOP = "https://www.shop.example"
_CLICKS = ("gclid", "msclkid", "fbclid")
_FIRST = datetime(2024, 6, 3, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Visit:
    """A visit: who on what device, from where, and the order it ends with.

    Attributes
    ----------
    day
        Days after the first.
    device
        Its name; empty for a message of the shop's server.
    customer
        Who logs in in the middle of the visit, or has logged in before; empty for a guest.
    link, referrer
        What stands behind the address of the first page, and the page that led there.
    order
        Number and amount of the order.
    channel
        The channel that is right; None where nothing can say it.
    """

    day: int
    device: str
    customer: str
    link: str
    referrer: str
    order: tuple[str, float] | None
    channel: str | None


VISITS = (
    Visit(0, "d1", "ana", "?gclid=Cj0K", "https://www.google.com/", ("A-1", 18.5), "Paid Search"),
    Visit(1, "d1", "ana", "", "", ("A-2", 10.0), "Direct"),
    Visit(0, "d2", "ben", "", "https://www.google.de/", None, "Organic Search"),
    Visit(
        *(2, "d3", "ben", "?utm_source=june%20news&utm_medium=email&utm_campaign=tea", ""),
        *(("B-1", 20.0), "Email"),
    ),
    Visit(3, "", "cara", "", "", ("C-1", 7.25), None),
    Visit(0, "g1", "", "?fbclid=IwAR", "https://l.facebook.com/", ("G-1", 12.0), "Organic Social"),
    Visit(0, "g2", "", "", "https://blog.example/tea", None, "Referral"),
    Visit(0, "g3", "", "?msclkid=ab12", "https://www.bing.com/", None, "Paid Search"),
    Visit(0, "g4", "", "", "https://accounts.shop.example/", None, "Direct"),
    Visit(1, "g4", "", "?utm_source=awin&utm_medium=affiliate", "", None, "Affiliates"),
)


@dataclass
class Act:
    """What a tracker sends: which event, where and of whom."""

    at: datetime
    visit: Visit
    name: str
    url: str
    referrer: str
    customer: str
    said: Mapping[str, Any] = field(default_factory=dict)
    link: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    number: int = 0


def acts() -> Sequence[Act]:
    """Return the acts of all visits, with what a tracker has kept of the links of earlier ones."""
    found: list[Act] = []
    kept: dict[str, dict[str, str]] = {}
    known: dict[str, str] = {}
    for place, visit in enumerate(sorted(VISITS, key=lambda visit: visit.day)):
        at = _FIRST + timedelta(days=visit.day, minutes=place)
        query = parse_qs(urlsplit(visit.link).query)
        link = {name: values[0] for name, values in query.items()}
        kept.setdefault(visit.device, {}).update(link)
        customer = known.get(visit.device, "")
        steps: list[tuple[str, str, str, dict[str, Any]]] = []
        if visit.device:
            item = {"product_id": "TEA", "price": 10, "currency": "EUR"}
            landing, product = f"{SHOP}/{visit.link}", f"{SHOP}/tea"
            steps += [("page", landing, visit.referrer, {}), ("view", product, f"{SHOP}/", item)]
        if visit.order:
            order = {"order_id": visit.order[0], "revenue": visit.order[1], "currency": "EUR"}
            steps += [("order", f"{SHOP}/thanks", f"{SHOP}/pay", {**order, "product_id": "TEA"})]
        for name, url, referrer, said in steps:
            one = Act(
                at, visit, name, url, referrer, customer, said, link, dict(kept[visit.device])
            )
            one.number = len(found)
            found.append(one)
            at += timedelta(minutes=1, milliseconds=120)
            # The login is between the first page and what follows.
            customer = known[visit.device] = visit.customer
    return found


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


def _sticky(act: Act) -> dict[str, str]:
    """Return the utm parameters and ids of clicks that trackers go on sending."""
    return {
        name: value
        for name, value in act.kept.items()
        if name.startswith("utm_") or name in _CLICKS
    }


def posthog() -> list[dict[str, Any]]:
    """Return rows of a batch export of PostHog."""
    names = {"page": "$pageview", "view": "Product Viewed", "order": "Order Completed"}
    rows: list[dict[str, Any]] = []
    for act in acts():
        device = _uuid(act.visit.device)
        said: dict[str, Any] = {"$lib": "posthog-node", "$ip": "203.0.113.7", **act.said}
        if act.visit.device:
            said |= {
                "$lib": "web", "$lib_version": "1.160.0", "$device_id": device,
                "$session_id": _uuid(f"{act.visit}"), "$window_id": _uuid(f"w{act.visit}"),
                "$current_url": act.url, "$host": "www.shop.example",
                "$pathname": urlsplit(act.url).path, "$referrer": act.referrer or "$direct",
                "$referring_domain": urlsplit(act.referrer).netloc or "$direct",
                "$browser": "Chrome", "$os": "Windows", "$device_type": "Desktop",
                "$geoip_country_code": "DE", "$is_identified": bool(act.customer),
                "$process_person_profile": bool(act.customer), **_sticky(act),
            }  # fmt: skip
            if act.customer:
                said["$user_id"] = act.customer
        who = act.customer or (act.visit.customer if not act.visit.device else device)
        rows.append(
            {
                "uuid": _uuid(f"event {act.number}"), "event": names[act.name],
                "properties": said, "distinct_id": who, "team_id": 1,
                "person_id": _uuid(act.visit.customer or device), "elements_chain": "",
                "timestamp": act.at.isoformat(),
                "created_at": (act.at + timedelta(seconds=2)).isoformat(),
            }
        )  # fmt: skip
    return rows


def mixpanel() -> list[dict[str, Any]]:
    """Return rows of the raw export of Mixpanel."""
    names = {"page": "$mp_web_page_view", "view": "Product Viewed", "order": "Order Completed"}
    rows: list[dict[str, Any]] = []
    for act in acts():
        said: dict[str, Any] = {
            "time": int(act.at.timestamp()), "distinct_id": act.visit.customer,
            "$insert_id": f"i{act.number:014}", "$mp_api_endpoint": "api.mixpanel.com",
            "mp_processing_time_ms": int(act.at.timestamp()) * 1000 + 1500, **act.said,
        }  # fmt: skip
        if act.visit.device:
            device = _uuid(act.visit.device)
            said |= {
                "distinct_id": act.customer or f"$device:{device}", "$device_id": device,
                "mp_lib": "web", "$lib_version": "2.55.1", "$os": "Windows",
                "$browser": "Chrome", "$browser_version": 126, "$city": "Berlin",
                "mp_country_code": "DE", "$current_url": act.url,
                "$screen_height": 1080, "$screen_width": 1920,
                "$initial_referrer": act.referrer or "$direct",
                "$initial_referring_domain": urlsplit(act.referrer).netloc or "$direct",
                **_sticky(act),
            }  # fmt: skip
            if act.referrer:
                said |= {
                    "$referrer": act.referrer,
                    "$referring_domain": urlsplit(act.referrer).netloc,
                }
            if act.customer:
                said["$user_id"] = act.customer
        rows.append({"event": names[act.name], "properties": said})
    return rows


def amplitude() -> list[dict[str, Any]]:
    """Return rows of the export of Amplitude, whose browser library begins each visit anew."""
    names = {
        "page": "[Amplitude] Page Viewed",
        "view": "Product Viewed",
        "order": "Order Completed",
    }
    rows: list[dict[str, Any]] = []
    for act in acts():
        said = dict(act.said)
        person: dict[str, Any] = {"initial_utm_source": "EMPTY", "initial_referrer": "EMPTY"}
        if act.visit.device:
            person |= act.link
            if act.visit.referrer and "shop.example" not in act.visit.referrer:
                person |= {"referrer": act.visit.referrer}
        if act.name == "page":
            said |= {
                "[Amplitude] Page Location": act.url, "[Amplitude] Page URL": act.url.split("?")[0],
                "[Amplitude] Page Path": urlsplit(act.url).path,
                "[Amplitude] Page Domain": "www.shop.example", **act.link,
            }  # fmt: skip
            if act.referrer:
                said["referrer"] = act.referrer
        at = act.at.strftime("%Y-%m-%d %H:%M:%S.%f")
        began = int(_FIRST.timestamp() + act.visit.day * 86400) * 1000
        rows.append(
            {
                "$insert_id": _uuid(f"event {act.number}"), "amplitude_id": 9001 + act.number % 3,
                "user_id": (act.customer if act.visit.device else act.visit.customer) or None,
                "device_id": _uuid(act.visit.device) if act.visit.device else None,
                "session_id": began if act.visit.device else -1, "event_id": 10 + act.number,
                "event_type": names[act.name], "event_time": at, "client_event_time": at,
                "server_received_time": at, "server_upload_time": at, "processed_time": at,
                "platform": "Web" if act.visit.device else None, "os_name": "Chrome",
                "device_type": "Windows", "country": "Germany", "city": "Berlin",
                "ip_address": "203.0.113.7", "library": "amplitude-ts/2.9.0", "app": 1,
                "event_properties": said, "user_properties": person, "groups": {}, "data": {},
            }
        )  # fmt: skip
    return rows


#: Rows by the heading of the mapping in docs/formats.md.
EXPORTS = {"Amplitude": amplitude, "Mixpanel": mixpanel, "PostHog": posthog}
