//! The mailboxes: addresses, who is told, what customers see.

use super::accounts::{self, Sending, inlet, notify_outlet, outlet};
use super::people::{Addresses, Owner};
use super::reader::{Place, Table};
use super::settings::{Desk, Heartbeat, Inlet, Mailbox, Mode, Notify};
use super::{Names, values};
use crate::model::Time;

const MODES: &[(&str, Mode)] = &[("desk", Mode::Desk), ("watch", Mode::Watch)];
const NOTIFY: &[(&str, Notify)] = &[("turn", Notify::Turn), ("all", Notify::All), ("none", Notify::None)];

pub(super) const SENDER_NAME: &str = "{{ agent.first_name }}, {{ desk.name }}";

/// A mailbox as far as it could be read.
pub(super) struct Draft {
    pub place: Place,
    pub name: Option<String>,
    pub name_place: Place,
    /// Somebody must be there to be told.
    pub needs_agents: bool,
    /// `None` if something is wrong with it.
    pub mailbox: Option<Mailbox>,
}

/// `[mailbox.heartbeat]`: off unless it is written.
fn heartbeat(mailbox: &Table<'_>) -> Option<Heartbeat> {
    let table = mailbox.table("heartbeat");
    if !table.is_written() {
        return None;
    }
    let every_s = table.need("every", values::calendar_time, "\"6h\"");
    let within_s = table.or("within", values::calendar_time, 30 * Time::MINUTE);
    let both = mailbox.table("smtp").is_written() && mailbox.table("imap").is_written();
    if !both {
        table.mistake("needs a way out and a way back; it works with [mailbox.smtp] and [mailbox.imap] only");
    }
    let every_s = every_s?;
    if every_s < 10 * Time::MINUTE
        && let Some(value) = table.value("every")
    {
        value.reader.mistake(
            &value.place,
            "is too often: such mail counts at the provider like any other; write \"10m\" or more",
        );
    }
    Some(Heartbeat { every_s, within_s })
}

pub(super) fn mailbox(table: &Table<'_>, desk: &Desk, names: &Names, addresses: &mut Addresses) -> Draft {
    let n = addresses.next_mailbox();
    let place = table.place().clone();
    let name = table.need("name", values::name, "\"support\"");
    let name_place = table.value("name").map_or_else(|| place.clone(), |v| v.place);
    let address = table.need("address", values::address, "\"support@example.test\"");
    if let (Some(address), Some(value)) = (&address, table.value("address")) {
        addresses.add(Owner::Mailbox(n), address, value.place);
    }
    let aliases = table.list("aliases", values::address, "it as [\"info@example.test\"]").unwrap_or_default();
    for (alias, place) in &aliases {
        addresses.add(Owner::Mailbox(n), alias, place.clone());
    }
    let display_name = table.or("display_name", values::text, desk.name.clone());
    let language = table.or("language", values::language, desk.language.clone());
    let mode = table.or("mode", values::word(MODES), Mode::Desk);
    let notify = table.or("notify", values::word(NOTIFY), Notify::Turn);
    let notify_from = table.opt("notify_from", values::address);
    if let (Some(address), Some(value)) = (&notify_from, table.value("notify_from")) {
        addresses.add(Owner::NotifyFrom(n), address, value.place);
    }
    let notify_from = notify_from.or_else(|| address.clone());
    let sender_name = table.or("sender_name", values::sender_name, SENDER_NAME.to_owned());
    let signature = table.opt("signature", values::text_file);
    let calendar = table.or("calendar", values::known("calendar", &names.calendars), names.calendar.clone());
    let sla = table.or("sla", values::known("sla", &names.slas), names.sla.clone());
    let plus_addressing = table.or("plus_addressing", values::boolean, true);
    let list_ids = table.list("list_ids", values::list_id, "it as [\"support.example.test\"]").unwrap_or_default();
    let trusted_authserv_id = table.opt("trusted_authserv_id", values::text);
    let submission_is_private = table.or("submission_is_private", values::boolean, false);
    let mark_answered = table.or("mark_answered", values::boolean, true);
    let thanks_count = table.or("thanks_count", values::boolean, false);
    let retention = table.or("retention", values::retention, None);
    let own = accounts::Owner { address: address.as_ref(), data_dir: &desk.data_dir };
    let source = inlet(table, own);
    let heartbeat = heartbeat(table);
    if let Some(Inlet::Imap(imap)) = &source {
        let folder = format!("{} of {} on {}", imap.folder, imap.account.user, imap.account.host);
        addresses.reads(folder, table.table("imap").place());
    } else if let Some(Inlet::Maildir { path, .. }) = &source {
        addresses.reads(path.display().to_string(), table.table("maildir").place());
    }
    let sending = if mode == Mode::Watch { Sending::Spared } else { Sending::Needed };
    let outlet = outlet(table, own, sending);
    let notify_outlet = notify_outlet(table, accounts::Owner { address: notify_from.as_ref(), ..own });
    let finished = || {
        Some(Mailbox {
            name: name.clone()?,
            address: address?,
            aliases: aliases.into_iter().map(|(alias, _)| alias).collect(),
            display_name,
            language,
            mode,
            notify,
            notify_from: notify_from?,
            sender_name,
            signature,
            calendar,
            sla,
            plus_addressing,
            list_ids: list_ids.into_iter().map(|(id, _)| id).collect(),
            trusted_authserv_id,
            submission_is_private,
            mark_answered,
            thanks_count,
            retention,
            heartbeat,
            source: source?,
            outlet: outlet?,
            notify_outlet,
        })
    };
    let mailbox = finished();
    Draft { place, name, name_place, needs_agents: mode == Mode::Desk && notify != Notify::None, mailbox }
}
