//! What is promised and what is limited: SLAs, acknowledgements, limits, digests, senders, tags, notices.

use std::collections::BTreeSet;

use super::mistake::nearest;
use super::people::Addresses;
use super::reader::{Reader, Table};
use super::settings::{
    Acknowledge, AcknowledgeWhen, ByAgent, Desk, Digest, DigestAt, Limits, Notice, Scope, SenderRule, Sla, TagRule,
    TakenFor,
};
use super::{LANGUAGES, Names, values};
use crate::model::{Address, Time};
use crate::sla::clock::{ClockKind, MISS};

pub(super) fn desk(table: &Table<'_>) -> Option<Desk> {
    let name = table.need("name", values::text, "\"Exempelbutiken\"");
    let data_dir = table.need("data_dir", values::path, "\"/var/lib/svar\"");
    let language = table.or("language", values::language, "sv".to_owned());
    let zone = table.opt("time_zone", values::time_zone).or_else(|| {
        let name = "Europe/Stockholm";
        jiff::tz::TimeZone::get(name).ok().map(|zone| (name.to_owned(), zone))
    });
    let (time_zone_name, time_zone) = zone.unwrap_or_else(|| ("UTC".to_owned(), jiff::tz::TimeZone::UTC));
    let reopen_within_s = table.or("reopen_within", values::calendar_time, 14 * Time::DAY);
    let undo_s = table.or("undo", values::calendar_time_or_zero, 0);
    Some(Desk { name: name?, language, time_zone, time_zone_name, data_dir: data_dir?, reopen_within_s, undo_s })
}

const CLOCKS: &[(&str, ClockKind)] = &[
    ("first_response", ClockKind::FirstResponse),
    ("next_response", ClockKind::NextResponse),
    ("resolution", ClockKind::Resolution),
];

pub(super) fn sla(reader: &Reader<'_>, table: &Table<'_>, people: &Addresses) -> Sla {
    let escalate_to = table.list("escalate_to", values::address, "it as [\"chef@example.test\"]");
    for (address, place) in escalate_to.iter().flatten() {
        if !people.is_known(address) {
            // The domain is the same most of the time and would make everybody near.
            let near = |known: &&Address| {
                known.domain() == address.domain() && nearest(address.local(), [known.local()]).is_some()
            };
            let hint = people.of_people().find(near).map_or_else(
                || "write one of theirs, or add an [[agent]] or [[manager]]".to_owned(),
                |known| format!("did you mean \"{known}\"?"),
            );
            reader.mistake(place, format!("{address} is no agent's and no manager's address; {hint}"));
        }
    }
    // Escalations are what managers are for.
    let escalate_to =
        escalate_to.map_or_else(|| people.of_managers(), |list| list.into_iter().map(|(a, _)| a).collect());
    let warned = table.list("warned", values::word(CLOCKS), "it as [\"first_response\", \"next_response\"]");
    let warned = warned.map_or_else(
        || vec![ClockKind::FirstResponse, ClockKind::NextResponse],
        |list| list.into_iter().map(|(kind, _)| kind).collect(),
    );
    Sla {
        first_response_s: table.or("first_response", values::open_time, Time::HOUR),
        next_response_s: table.or("next_response", values::open_time, Time::HOUR),
        resolution_s: table.or("resolution", values::open_time, 24 * Time::HOUR),
        bands: bands(reader, &table.table("bands")),
        warn_at: table.or("warn_at", values::share, 0.5),
        warned: warned.into_iter().map(|kind| kind.as_str().to_owned()).collect(),
        escalate_to,
        close_pending_s: table.or("close_pending", values::calendar_time_or_never, Some(7 * Time::DAY)),
    }
}

fn bands(reader: &Reader<'_>, table: &Table<'_>) -> Vec<(String, i64)> {
    if !table.is_written() {
        return vec![("excellent".to_owned(), Time::HOUR), ("ok".to_owned(), 3 * Time::HOUR)];
    }
    let mut bands: Vec<(String, i64)> = Vec::new();
    for (name, place) in table.keys() {
        let Some(up_to_s) = table.opt(name, values::open_time) else { continue };
        if name == MISS {
            reader.mistake(&place, "\"miss\" is the band above all others; write another name");
        } else if let Some((same, _)) = bands.iter().find(|(_, limit)| *limit == up_to_s) {
            reader.mistake(&place, format!("has the same limit as \"{same}\"; write another one"));
        } else {
            bands.push((name.to_owned(), up_to_s));
        }
    }
    bands.sort_by_key(|(_, up_to_s)| *up_to_s);
    bands
}

const WHEN: &[(&str, AcknowledgeWhen)] =
    &[("always", AcknowledgeWhen::Always), ("closed", AcknowledgeWhen::Closed), ("never", AcknowledgeWhen::Never)];

pub(super) fn acknowledge(table: &Table<'_>) -> Acknowledge {
    let when = table.or("when", values::word(WHEN), AcknowledgeWhen::Always);
    let expect = table.table("expect");
    let sentence = |language: &&str| Some(((*language).to_owned(), expect.opt(language, values::text)?));
    Acknowledge {
        when,
        expect: LANGUAGES.iter().filter_map(sentence).collect(),
        promise: table.or("promise", values::boolean, true),
        late_note: table.or("late_note", values::boolean, true),
    }
}

/// Test customers. One of us, or one of our own mailboxes, can be none.
pub(super) fn mystery(reader: &Reader<'_>, table: &Table<'_>, people: &Addresses) -> BTreeSet<Address> {
    let addresses = table.list("addresses", values::address, "it as [\"test@kund.example\"]").unwrap_or_default();
    for (address, place) in &addresses {
        if people.is_known(address) {
            reader.mistake(
                place,
                format!("{address} is an agent's or a manager's; write the address of a test customer"),
            );
        }
    }
    addresses.into_iter().map(|(address, _)| address).collect()
}

pub(super) fn limits(table: &Table<'_>) -> Limits {
    Limits {
        auto_per_address_per_day: table.or("auto_per_address_per_day", values::count, 5),
        auto_per_hour: table.or("auto_per_hour", values::count, 2000),
        mail_per_minute: table.opt("mail_per_minute", values::count),
        mail_per_day: table.opt("mail_per_day", values::count),
        gather_s: table.or("gather", values::calendar_time, 15 * Time::MINUTE),
        message_size_bytes: table.or("message_size", values::size, 50_000_000),
        attachments_up_to_bytes: table.or("attachments_up_to", values::size, 10_000_000),
        retry_for_s: table.or("retry_for", values::calendar_time, 4 * Time::DAY),
    }
}

const BY_AGENT: &[(&str, ByAgent)] = &[("counts", ByAgent::Counts), ("full", ByAgent::Full), ("none", ByAgent::None)];

/// 07:30, when whoever opens the shop reads his mail.
const MORNING: i16 = 7 * 60 + 30;

pub(super) fn digest(table: &Table<'_>) -> Digest {
    Digest {
        daily: table.or("daily", values::daily, Some(DigestAt { day: 0, minute: MORNING })),
        weekly: table.or("weekly", values::weekly, Some(DigestAt { day: 1, minute: MORNING })),
        monthly: table.or("monthly", values::monthly, Some(DigestAt { day: 1, minute: MORNING })),
        by_agent: table.or("by_agent", values::word(BY_AGENT), ByAgent::Counts),
    }
}

const TAKEN_FOR: &[(&str, TakenFor)] =
    &[("person", TakenFor::Person), ("robot", TakenFor::Robot), ("ignore", TakenFor::Ignore)];

/// `mailboxes = ["support"]`: without it a rule speaks of all.
fn scope(table: &Table<'_>, names: &Names) -> Scope {
    let read = values::known("mailbox", &names.mailboxes);
    let written = table.list("mailboxes", read, "it as [\"support\"]");
    Scope(written.map_or_else(|| names.mailboxes.clone(), |list| list.into_iter().map(|(name, _)| name).collect()))
}

pub(super) fn sender(table: &Table<'_>, names: &Names) -> Option<SenderRule> {
    let pattern = table.need("match", values::sender_pattern, "\"*@klarna.example\"");
    let taken_for = table.need("as", values::word(TAKEN_FOR), "\"person\"");
    let scope = scope(table, names);
    Some(SenderRule { pattern: pattern?, taken_for: taken_for?, scope })
}

pub(super) fn tag(table: &Table<'_>, names: &Names) -> Option<TagRule> {
    let name = table.need("name", values::tag, "\"postnord\"");
    let pattern = table.need("match", values::pattern, "\"postnord|försenad\"");
    let scope = scope(table, names);
    Some(TagRule { name: name?, pattern: pattern?, scope })
}

pub(super) fn notice(reader: &Reader<'_>, table: &Table<'_>, names: &Names) -> Option<Notice> {
    let text = table.need("text", values::text, "\"Beställ senast 18 december för leverans före jul.\"");
    let from = table.opt("from", values::date);
    let until = table.need("until", values::date, "\"2026-12-18\"");
    let language = table.opt("language", values::language);
    let scope = scope(table, names);
    if let (Some(from), Some(until), Some(value)) = (from, until, table.value("until"))
        && until < from
    {
        reader.mistake(&value.place, format!("the last day, {until}, is before the first; write {from} or later"));
    }
    Some(Notice { text: text?, from, until: until?, language, scope })
}
