//! Agents and managers, and that no address belongs to two who must not share it.

use super::reader::{Place, Reader, Table};
use super::settings::{Agent, Manager};
use super::{Names, values};
use crate::model::Address;

/// Whose an address is. The number is the place in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Mailbox(usize),
    NotifyFrom(usize),
    Agent(usize),
    Manager(usize),
}

/// Every address and source of mail that is written, to find what contradicts each other.
#[derive(Default)]
pub(super) struct Addresses {
    all: Vec<(Owner, Address, Place)>,
    sources: Vec<(String, Place)>,
    mailboxes: usize,
}

impl Addresses {
    pub fn next_mailbox(&mut self) -> usize {
        self.mailboxes += 1;
        self.mailboxes - 1
    }

    pub fn add(&mut self, owner: Owner, address: &Address, place: Place) {
        self.all.push((owner, address.clone(), place));
    }

    pub fn reads(&mut self, source: String, place: &Place) {
        self.sources.push((source, place.clone()));
    }

    /// Belongs to an agent or a manager.
    pub fn is_known(&self, address: &Address) -> bool {
        self.of_people().any(|known| known == address)
    }

    pub fn of_managers(&self) -> Vec<Address> {
        let is_manager = |owner: &Owner| matches!(owner, Owner::Manager(_));
        self.all.iter().filter(|(owner, ..)| is_manager(owner)).map(|(_, address, _)| address.clone()).collect()
    }

    pub fn of_people(&self) -> impl Iterator<Item = &Address> {
        let is_person = |owner: &Owner| matches!(owner, Owner::Agent(_) | Owner::Manager(_));
        self.all.iter().filter(move |(owner, ..)| is_person(owner)).map(|(_, address, _)| address)
    }

    /// Notes every contradiction at the later of its two places.
    pub fn check(&self, reader: &Reader<'_>) {
        for (n, (owner, address, place)) in self.all.iter().enumerate() {
            let clash = self.all[..n].iter().find_map(|(earlier, known, at)| {
                let ours = matches!(earlier, Owner::Mailbox(_) | Owner::NotifyFrom(_));
                // Whatever stands behind a plus sign still arrives in the mailbox.
                let same = known == address || (ours && *known == address.plain());
                same.then(|| why_not(*earlier, *owner, at)).flatten()
            });
            if let Some(why) = clash {
                reader.mistake(place, format!("{address} {why}"));
            }
        }
        for (n, (source, place)) in self.sources.iter().enumerate() {
            if let Some((_, at)) = self.sources[..n].iter().find(|(earlier, _)| earlier == source) {
                let what = format!(
                    "{source} is read by {} already; write another folder, or the address under that mailbox's aliases",
                    at.key
                );
                reader.mistake(place, what);
            }
        }
    }
}

/// Why one address may not have both owners; `None` if it may.
fn why_not(earlier: Owner, later: Owner, at: &Place) -> Option<String> {
    use Owner::{Agent, Mailbox, Manager, NotifyFrom};
    match (earlier, later) {
        (Mailbox(_), Mailbox(_)) | (Agent(_), Agent(_)) | (Manager(_), Manager(_)) => {
            Some(format!("stands at {} already; write each address once", at.key))
        }
        (Mailbox(_), Agent(_) | Manager(_)) => {
            Some(format!("is the mailbox's own address ({}); write one that its owner reads elsewhere", at.key))
        }
        (NotifyFrom(_), Agent(_) | Manager(_)) => Some(format!(
            "is the sender of notifications ({}), which must be nobody's own address; write another one there",
            at.key
        )),
        // A small shop's manager answers too; notifications may come from a mailbox's address.
        _ => None,
    }
}

const DIGESTS: &[(&str, &str)] = &[("daily", "daily"), ("weekly", "weekly"), ("monthly", "monthly")];

fn mailboxes(table: &Table<'_>, names: &Names) -> Vec<String> {
    let read = values::known("mailbox", &names.mailboxes);
    let written = table.list("mailboxes", read, "it as [\"support\"]");
    // A name that is wrong may have meant any of them.
    let count = table.value("mailboxes").and_then(|v| v.raw.as_array().map(|array| array.len()));
    let right = written.filter(|list| Some(list.len()) == count);
    right.map_or_else(|| names.mailboxes.clone(), |list| list.into_iter().map(|(name, _)| name).collect())
}

/// An agent's name with its place, and the agent unless something is wrong.
pub(super) fn agent(
    table: &Table<'_>,
    n: usize,
    names: &Names,
    addresses: &mut Addresses,
) -> (Option<(String, Place)>, Option<Agent>) {
    let name = table.need("name", values::text, "\"Anna Andersson\"");
    let written = table.list("addresses", values::address, "it as [\"anna@example.test\"]");
    match table.value("addresses") {
        None => table.missing("addresses", "[\"anna@example.test\"]"),
        Some(value) if value.raw.as_array().is_some_and(|array| array.is_empty()) => {
            value.reader.mistake(&value.place, "is empty; write at least one address, the first gets the mail");
        }
        Some(_) => {}
    }
    let written = written.unwrap_or_default();
    for (address, place) in &written {
        addresses.add(Owner::Agent(n), address, place.clone());
    }
    let mailboxes = mailboxes(table, names);
    let hours = table.opt("hours", values::known("calendar", &names.calendars));
    let named = name.clone().zip(table.value("name").map(|v| v.place));
    let addresses: Vec<Address> = written.into_iter().map(|(address, _)| address).collect();
    let finished = name.filter(|_| !addresses.is_empty()).map(|name| Agent { name, addresses, mailboxes, hours });
    (named, finished)
}

pub(super) fn manager(table: &Table<'_>, n: usize, names: &Names, addresses: &mut Addresses) -> Option<Manager> {
    let name = table.need("name", values::text, "\"Chefen\"");
    let address = table.need("address", values::address, "\"chef@example.test\"");
    if let (Some(address), Some(value)) = (&address, table.value("address")) {
        addresses.add(Owner::Manager(n), address, value.place);
    }
    let mailboxes = mailboxes(table, names);
    let digests = table.list("digests", values::word(DIGESTS), "it as [\"daily\", \"weekly\"]");
    let digests = digests.map_or_else(
        || vec!["daily".to_owned(), "weekly".to_owned()],
        |list| list.into_iter().map(|(word, _)| word.to_owned()).collect(),
    );
    let time_zone = table.opt("time_zone", values::time_zone).map(|(_, zone)| zone);
    Some(Manager { name: name?, addresses: vec![address?], mailboxes, digests, time_zone })
}
