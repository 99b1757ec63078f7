//! People's rights: erasing a person, and seeing to it that nothing brings her back.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use crate::desk::sign::{Key, SignedAddress};
use crate::engine::Engine;
use crate::engine::erased::{Erased, ErasedError, address_hash, mail_hash};
use crate::engine::reader::{Job, read_alone};
use crate::mail::letter::Letter;
use crate::model::{Address, LetterNo, ParcelNo, TicketNo, Time};
use crate::store::privacy::{Estate, Whom};
use crate::store::{Store, StoreError, custody};

/// What comes in while an estate is taken away is found by looking again, so often.
const LOOKS: usize = 4;
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
    #[error("a mail to her or about her is being sent at this moment (outbox {0}); try again in a minute")]
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
        let is_ours = settings.mailbox_of(address).is_some()
            || settings.agent_of(address).is_some()
            || settings.manager_of(address).is_some();
        if is_ours {
            return Err(PrivacyError::OneOfUs(address.clone()));
        }
        let whom = Whom::Person { address: address.clone(), until: None };
        let estate = estate(&mut self.store, &whom)?;
        let is_nobody = estate.customers.is_empty()
            && estate.messages.is_empty()
            && estate.named.is_empty()
            && estate.quarantine.is_empty()
            && estate.parcels.is_empty();
        if is_nobody { Err(PrivacyError::Unknown(address.clone())) } else { Ok(estate) }
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
        take_away(&mut self.store, &mut self.erased, &self.key, &whom, &estate, now)?;
        self.store.batch(|tx| tx.record_act(actor, "erase", &subject, &counts(&estate), now))?;
        let is_settled = self.store.settle_erasure()?;
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
        let estate = estate(&mut self.store, &whom)?;
        take_away(&mut self.store, &mut self.erased, &self.key, &whom, &estate, now)?;
        self.store.batch(|tx| tx.record_act("retention", "retention", mailbox, &counts(&estate), now))?;
        self.store.settle_erasure()?;
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

fn estate(store: &mut Store, whom: &Whom) -> Result<Estate, StoreError> {
    store.estate(whom, |raw, estate| {
        let job = Job { letter: LetterNo(0), packed: custody::pack(raw), truncated: false };
        read_alone(crate::mail::read::read, job).is_ok_and(|letter| is_about(&letter, estate))
    })
}

/// Whether a mail of one of us to the desk (a command, a report) speaks of what is erased.
fn is_about(letter: &Letter, estate: &Estate) -> bool {
    let people = || letter.to.iter().chain(&letter.cc).chain(&letter.from).chain(&letter.reply_to);
    let of_ticket = |a: &Address| {
        let ticket = a.detail().and_then(SignedAddress::parse).and_then(|signed| signed.token.ticket());
        ticket.is_some_and(|t| estate.tickets.contains(&t))
    };
    let answers = letter.references.iter().chain(&letter.in_reply_to).any(|id| estate.ids.contains(id));
    let names = |text: &str| {
        let lower = text.to_lowercase();
        estate.addresses.iter().any(|a| lower.contains(a.as_str()))
    };
    answers
        || people().any(|p| estate.addresses.contains(&p.address) || of_ticket(&p.address))
        || names(&letter.text)
        || names(&letter.subject)
}

/// Lists the mails of an estate, then takes it away, then looks whether more has come.
fn take_away(
    store: &mut Store,
    erased: &mut Erased,
    key: &Key,
    whom: &Whom,
    first: &Estate,
    now: Time,
) -> Result<(), PrivacyError> {
    let mut next = Some(first.clone());
    for _ in 0..LOOKS {
        let found = match next.take() {
            Some(found) => found,
            None => estate(store, whom)?,
        };
        let mails = found.ids.iter().filter(|id| !id.is_empty()).map(|id| mail_hash(key, id)).collect();
        let is_new = found.messages.len() + found.customers.len() + found.quarantine.len() + found.parcels.len() > 0;
        if !is_new {
            return Ok(());
        }
        erased.add(&BTreeSet::new(), &mails, now)?;
        store.batch(|tx| tx.erase(&found, now))?;
        if matches!(whom, Whom::Tickets(_)) {
            // Its messages are still there, without content: it would be found anew each time.
            return Ok(());
        }
    }
    Ok(())
}

/// Takes out of a database that was restored what has been erased since its backup was made. How many people and tickets that were.
///
/// # Errors
/// A database error; the list cannot be read.
pub fn erase_again(store: &mut Store, list: &Path, key: &Key, now: Time) -> Result<usize, PrivacyError> {
    let mut erased = Erased::at(list.to_owned());
    erased.refresh()?;
    if erased.is_empty() {
        return Ok(0);
    }
    let mut done = 0;
    let mut after = String::new();
    loop {
        let addresses = store.read(|tx| tx.addresses_after(&after, SLICE))?;
        let Some(last) = addresses.last() else { break };
        last.as_str().clone_into(&mut after);
        for address in addresses {
            let Some(until) = erased.until(key, &address) else { continue };
            let whom = Whom::Person { address, until: Some(until) };
            let found = estate(store, &whom)?;
            take_away(store, &mut erased, key, &whom, &found, now)?;
            done += 1;
        }
    }
    let mut after = 0;
    loop {
        let ids = store.read(|tx| tx.message_ids_after(after, SLICE))?;
        let Some((last, ..)) = ids.last() else { break };
        after = *last;
        let listed = ids.into_iter().filter(|(_, _, id)| erased.has_mail(key, id)).map(|(_, ticket, _)| ticket);
        let tickets: BTreeSet<TicketNo> = listed.collect();
        for ticket in tickets {
            let whom = Whom::Tickets(BTreeSet::from([ticket]));
            let found = estate(store, &whom)?;
            take_away(store, &mut erased, key, &whom, &found, now)?;
            done += 1;
        }
    }
    if done > 0 {
        store.batch(|tx| tx.record_act("restore", "restore", "", &json!({ "erased again": done }).to_string(), now))?;
        store.settle_erasure()?;
    }
    Ok(done)
}
