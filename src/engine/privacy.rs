//! People's rights: erasing a person, and seeing to it that nothing brings her back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;

use crate::config::settings::Settings;
use crate::desk::sign::{Key, SignedAddress};
use crate::engine::Engine;
use crate::engine::erased::{Erased, ErasedError, address_hash, mail_hash};
use crate::engine::reader::{Job, read_alone};
use crate::model::{Address, LetterNo, MessageNo, ParcelNo, TicketNo, Time};
use crate::store::privacy::{Estate, MailId, Whom};
use crate::store::{Store, StoreError, custody};

/// What comes in while an estate is taken away is found by looking again, so often.
const LOOKS: usize = 4;
/// Mails in mails are looked into so deep.
const LAYERS: usize = 3;
/// Rows of a restored database that are looked at in one go.
const SLICE: usize = 2000;

/// Why nobody was erased.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    List(#[from] ErasedError),
    #[error("nothing is known of {0}")]
    Unknown(Address),
    #[error("{0} is one of us: a mailbox, an agent or a manager of the configuration")]
    OneOfUs(Address),
    #[error("a mail to her or about her is about to leave (outbox {0}); try again in a minute")]
    OnItsWay(ParcelNo),
}

/// What was erased.
#[derive(Debug)]
pub struct Erasure {
    pub estate: Estate,
    /// Whether the database's log was emptied, too. If not, the daemon does it when nobody reads.
    pub is_settled: bool,
}

impl Engine {
    /// What belongs to the customer with this address.
    ///
    /// # Errors
    /// A database error; nobody has this address; somebody of the configuration has it.
    pub fn estate_of(&mut self, address: &Address) -> Result<Estate, PrivacyError> {
        let settings = self.settings.clone();
        if settings.is_us(address) {
            return Err(PrivacyError::OneOfUs(address.clone()));
        }
        let whom = Whom::Person { address: address.clone(), until: None };
        let estate = Holdings { store: &mut self.store, settings: &settings, key: &self.key }.estate(&whom)?;
        // A question about her that a manager was asked makes nobody known.
        let asked = Estate { asks: BTreeSet::new(), ..estate.clone() };
        if is_nothing(&asked) { Err(PrivacyError::Unknown(address.clone())) } else { Ok(estate) }
    }

    /// Erases the customer with this address: under all her addresses, whatever was said. Times and states of her tickets stay.
    ///
    /// # Errors
    /// As for [`Self::estate_of`]; a mail is on its way; the list of what was erased cannot be written. Nothing is erased then.
    pub fn erase(&mut self, address: &Address, actor: &str, now: Time) -> Result<Erasure, PrivacyError> {
        let estate = self.estate_of(address)?;
        if let Some(parcel) = estate.on_its_way {
            return Err(PrivacyError::OnItsWay(parcel));
        }
        let whom = Whom::Person { address: address.clone(), until: None };
        let subject = address_hash(&self.key, address);
        self.erased.add(
            &estate.addresses.iter().map(|a| address_hash(&self.key, a)).collect(),
            &BTreeSet::new(),
            now,
        )?;
        let act = Act { actor, act: "erase", subject: &subject, detail: counts(&estate) };
        let settings = self.settings.clone();
        let mut home = Holdings { store: &mut self.store, settings: &settings, key: &self.key };
        home.take_away(&mut self.erased, &whom, &estate, Some(&act), now)?;
        let is_settled = self.store.empty_log()?;
        self.dir.poke();
        Ok(Erasure { estate, is_settled })
    }

    /// Erases tickets whose time is over.
    ///
    /// # Errors
    /// A database error; the list of what was erased cannot be written.
    pub fn erase_tickets(
        &mut self,
        tickets: BTreeSet<TicketNo>,
        mailbox: &str,
        now: Time,
    ) -> Result<Estate, PrivacyError> {
        let whom = Whom::Tickets(tickets);
        let settings = self.settings.clone();
        let mut home = Holdings { store: &mut self.store, settings: &settings, key: &self.key };
        let estate = home.estate(&whom)?;
        let act = Act { actor: "retention", act: "retention", subject: mailbox, detail: counts(&estate) };
        home.take_away(&mut self.erased, &whom, &estate, Some(&act), now)?;
        self.store.empty_log()?;
        Ok(estate)
    }

    /// Notes that somebody's data was handed out.
    ///
    /// # Errors
    /// A database error.
    pub fn note_export(
        &mut self,
        estate: &Estate,
        address: &Address,
        actor: &str,
        now: Time,
    ) -> Result<(), StoreError> {
        let subject = address_hash(&self.key, address);
        self.store.batch(|tx| tx.record_act(actor, "export", &subject, &counts(estate), now))
    }

    /// What stands for an address in the audit log.
    #[must_use]
    pub fn subject_of(&self, address: &Address) -> String {
        address_hash(&self.key, address)
    }
}

/// The counts of an estate, for the audit log: numbers only.
fn counts(estate: &Estate) -> String {
    json!({
        "messages": estate.messages.len(),
        "letters": estate.letters.len(),
        "tickets": estate.tickets.len() + estate.shared.len(),
        "mails": estate.parcels.len() + estate.shared_parcels.len(),
    })
    .to_string()
}

/// An entry of the audit log, written with what it tells of.
struct Act<'a> {
    actor: &'a str,
    act: &'a str,
    subject: &'a str,
    detail: String,
}

fn is_nothing(estate: &Estate) -> bool {
    estate.customers.is_empty()
        && estate.messages.is_empty()
        && estate.named.is_empty()
        && estate.quarantine.is_empty()
        && estate.parcels.is_empty()
        && estate.shared_parcels.is_empty()
        && estate.asks.is_empty()
}

/// A database whose people are looked for, and what is ours there.
struct Holdings<'a> {
    store: &'a mut Store,
    settings: &'a Settings,
    key: &'a Key,
}

impl Holdings<'_> {
    fn estate(&mut self, whom: &Whom) -> Result<Estate, StoreError> {
        let (key, settings) = (self.key, self.settings);
        self.store.estate(whom, &|a| settings.is_us(a), |raw, estate| is_about(raw, estate, key, LAYERS))
    }

    /// Lists the mails of an estate, then takes it away, then looks whether more has come.
    fn take_away(
        &mut self,
        erased: &mut Erased,
        whom: &Whom,
        first: &Estate,
        act: Option<&Act<'_>>,
        now: Time,
    ) -> Result<(), PrivacyError> {
        let mut next = Some((first.clone(), act));
        for _ in 0..LOOKS {
            let (found, act) = match next.take() {
                Some(first) => first,
                None => match self.estate(whom)? {
                    more if is_nothing(&more) => return Ok(()),
                    more => (more, None),
                },
            };
            let hash = |mail: &MailId| mail_hash(self.key, mail.id.as_deref(), &mail.sameness);
            erased.add(&BTreeSet::new(), &found.ids.iter().filter_map(hash).collect(), now)?;
            self.store.batch(|tx| {
                tx.erase(&found, now)?;
                tx.note_taken_away()?;
                act.map_or(Ok(()), |act| tx.record_act(act.actor, act.act, act.subject, &act.detail, now))
            })?;
            if !matches!(whom, Whom::Person { .. }) {
                // The messages are still there, without content: they would be found anew each time.
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Whether a mail to the desk, or one of ours (a command, a report, what came back) speaks of what is erased; `layers`: mails within it
/// are read, too, so deep.
fn is_about(raw: &[u8], estate: &Estate, key: &Key, layers: usize) -> bool {
    let job = Job { letter: LetterNo(0), packed: custody::pack(raw), truncated: false };
    let Ok(letter) = read_alone(crate::mail::read::read, job) else { return false };
    let people = || letter.to.iter().chain(&letter.cc).chain(&letter.from).chain(&letter.reply_to);
    let of_ticket = |a: &Address| {
        let ticket = a.detail().and_then(SignedAddress::parse).and_then(|signed| signed.token.ticket());
        ticket.is_some_and(|t| estate.tickets.contains(&t))
    };
    let names = |text: &str| Address::any_stands_in(&estate.addresses, text);
    let of_parcel = |no: ParcelNo| estate.parcels.contains(&no) || estate.told.contains(&no);
    let ids = letter.references.iter().chain(&letter.in_reply_to);
    let mut ids = ids.chain(letter.bounce.iter().filter_map(|b| b.message_id.as_ref()));
    let svar_ids = letter.bounce.iter().filter_map(|b| b.svar_id.as_ref()).chain(&letter.svar_id);
    people().any(|p| estate.addresses.contains(&p.address) || of_ticket(&p.address))
        || ids.any(|id| estate.has_id(id) || key.verify_message_id(id).is_some_and(|(_, no)| of_parcel(no)))
        || svar_ids.filter_map(|id| key.verify_svar_id(id)).any(|(_, no)| of_parcel(no))
        || letter.bounce.iter().flat_map(|b| &b.recipients).any(|r| names(&r.address))
        || names(&letter.subject)
        || names(&letter.text)
        || letter.attachments.iter().any(|a| match a.media_type.as_str() {
            "message/rfc822" | "message/global" => layers > 0 && is_about(&a.data, estate, key, layers - 1),
            kind => {
                (kind.starts_with("text/") || kind.starts_with("message/")) && names(&String::from_utf8_lossy(&a.data))
            }
        })
}

/// Takes out of a database that was restored what has been erased since its backup was made. How many people and tickets that were.
///
/// # Errors
/// A database error; the list cannot be read.
pub fn erase_again(
    store: &mut Store,
    list: &Path,
    settings: &Settings,
    key: &Key,
    now: Time,
) -> Result<usize, PrivacyError> {
    let mut erased = Erased::at(list.to_owned());
    erased.refresh()?;
    if erased.is_empty() {
        return Ok(0);
    }
    let mut home = Holdings { store, settings, key };
    let mut done = 0;
    let mut after = String::new();
    loop {
        let addresses = home.store.read(|tx| tx.addresses_after(&after, SLICE))?;
        let Some(last) = addresses.last() else { break };
        last.as_str().clone_into(&mut after);
        for address in addresses {
            let Some(until) = erased.until(key, &address) else { continue };
            let whom = Whom::Person { address, until: Some(until) };
            let found = home.estate(&whom)?;
            if !is_nothing(&found) {
                home.take_away(&mut erased, &whom, &found, None, now)?;
                done += 1;
            }
        }
    }
    let mut after = MessageNo(0);
    loop {
        let ids = home.store.read(|tx| tx.message_ids_after(after, SLICE))?;
        let Some((last, ..)) = ids.last() else { break };
        after = *last;
        let mut listed: BTreeMap<TicketNo, BTreeSet<MessageNo>> = BTreeMap::new();
        for (no, ticket, mail) in ids {
            if erased.has_mail(key, mail.id.as_deref(), &mail.sameness) {
                listed.entry(ticket).or_default().insert(no);
            }
        }
        for (ticket, messages) in listed {
            // A ticket on which everything that people wrote was erased, was erased itself.
            let said = home.store.read(|tx| tx.said_by_people(ticket))?;
            let whom = if said.is_subset(&messages) {
                Whom::Tickets(BTreeSet::from([ticket]))
            } else {
                Whom::Messages(ticket, messages)
            };
            let found = home.estate(&whom)?;
            home.take_away(&mut erased, &whom, &found, None, now)?;
            done += 1;
        }
    }
    if done > 0 {
        let again = json!({ "erased again": done }).to_string();
        home.store.batch(|tx| tx.record_act("restore", "restore", "", &again, now))?;
        home.store.empty_log()?;
    }
    Ok(done)
}
