//! Changes in, rows out: every write of ticket data.

pub(super) mod bulk;
mod incident;
mod inside;
mod message;
mod notice;
pub(super) mod parcel;
mod ticket;

use std::collections::BTreeMap;

use super::db::args;
use super::facts::ACTED_ON;
use super::text::{json_text, same_hash};
use super::tx::DeskRow;
use super::{StoreError, Tx};
use crate::model::{LetterNo, QuarantineNo, Time};
use crate::plan::{Change, Fate, KnownAsk, NewQuarantine};

/// Attachments of the letter at hand, by SHA-256 in hexadecimal. One is stored only if a parcel names it.
pub type Blobs<'b> = BTreeMap<String, &'b [u8]>;

/// Counts of automatic mail are kept so long.
const AUTOMATIC_KEPT: i64 = 2 * Time::DAY;

impl Tx<'_> {
    /// Writes down `changes`, in order. Call it within a [`Tx::savepoint`].
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if a change names something that is not there or that cannot be so; a database error.
    pub fn apply(&mut self, changes: &[Change], blobs: &Blobs<'_>, now: Time) -> Result<(), StoreError> {
        // Ids up to here are given out. Within one list they may come in any order.
        let before = self.scratch.desk;
        for change in changes {
            self.apply_one(change, &before, blobs, now)?;
        }
        Ok(())
    }

    fn apply_one(&mut self, change: &Change, before: &DeskRow, blobs: &Blobs<'_>, now: Time) -> Result<(), StoreError> {
        match change {
            Change::Settle { letter, fate } => self.settle_letter(*letter, fate),
            Change::ActedOn { letter, message_id, sameness } => {
                self.run(
                    "INSERT INTO ref (hash, role, no) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                    args![same_hash(message_id, sameness), ACTED_ON, *letter],
                )?;
                Ok(())
            }
            Change::HeartbeatBack { mailbox, sent_at, at } => self.heartbeat_back(mailbox, *sent_at, *at),
            Change::Quarantine(new) => {
                take(new.no.0, before.quarantine, &mut self.scratch.desk.quarantine)?;
                self.set_aside(new)
            }
            Change::QuarantineListed { quarantined } => self.quarantine_listed(quarantined),
            Change::DropQuarantine { quarantine, at } => {
                let letter = self.leave_quarantine(*quarantine, *at, "dropped")?;
                self.run("UPDATE letter SET state = 'settled' WHERE no = ?1 AND state = 'quarantined'", args![letter])?;
                Ok(())
            }
            Change::ReleaseQuarantine { quarantine, release, on_behalf, at } => {
                let letter = self.leave_quarantine(*quarantine, *at, "released")?;
                self.run(
                    "UPDATE letter SET state = 'received', fate = NULL, fate_no = NULL, fate_why = NULL, attempts = 0, released = ?2,
                         released_for = ?3
                     WHERE no = ?1",
                    args![letter, release.as_str(), on_behalf.as_ref()],
                )?;
                Ok(())
            }

            Change::NewCustomer { customer, name, at } => {
                take(customer.0, before.customer, &mut self.scratch.desk.customer)?;
                self.run(
                    "INSERT INTO customer (no, name, created_at) VALUES (?1, ?2, ?3)",
                    args![*customer, name, *at],
                )?;
                Ok(())
            }
            Change::KnowAddress { address, customer, name } => {
                self.run(
                    "INSERT INTO address (address, customer, name) VALUES (?1, ?2, ?3)
                     ON CONFLICT (address) DO UPDATE SET customer = excluded.customer,
                         name = CASE excluded.name WHEN '' THEN name ELSE excluded.name END
                     WHERE customer IS NULL OR customer = excluded.customer",
                    args![address, *customer, name],
                )?;
                Ok(())
            }
            Change::JoinCustomers { from, into } => self.join_customers(*from, *into),
            Change::PartCustomer { address, customer, name, at } => {
                take(customer.0, before.customer, &mut self.scratch.desk.customer)?;
                self.part_customer(address, *customer, name, *at)
            }
            Change::SetCustomer { ticket, customer, party } => self.set_customer(*ticket, *customer, party),
            Change::Block(blocked) => self.block(blocked),
            Change::Unblock { address, ticket } => self.unblock(address.as_ref(), *ticket),
            Change::AddressBounced { address, at } => {
                self.run(
                    "INSERT INTO address (address, name, bounced_at) VALUES (?1, '', ?2)
                     ON CONFLICT (address) DO UPDATE SET bounced_at = excluded.bounced_at",
                    args![address, *at],
                )?;
                Ok(())
            }

            Change::NewTicket(new) => {
                take(new.number.0, before.ticket, &mut self.scratch.desk.ticket)?;
                self.open_ticket(new)
            }
            Change::SetState { ticket, state, hold_until, survivor, at } => {
                self.set_state(*ticket, *state, *hold_until, *survivor, *at)?;
                survivor.map_or(Ok(()), |survivor| self.inherit_alarms(*ticket, survivor))
            }
            Change::Assign { ticket, agent, at } => self.assign(*ticket, agent.as_ref(), *at),
            Change::SetPriority { ticket, priority, at } => self.set_priority(*ticket, *priority, *at),
            Change::Tag { ticket, tag } => self.tag(*ticket, tag, now),
            Change::Untag { ticket, tag } => self.untag(*ticket, tag, now),
            Change::Waiting { ticket, since, due } => self.set_waiting(*ticket, *since, *due),
            Change::Participate { ticket, party } => self.participate(*ticket, party),
            Change::Leave { ticket, address } => {
                self.run("DELETE FROM participant WHERE ticket = ?1 AND address = ?2", args![*ticket, address])?;
                Ok(())
            }
            Change::MoveMessages { from, to, first } => self.move_messages(*from, *to, *first, now),
            Change::Relate { ticket, other } => self.relate(*ticket, *other),
            Change::BumpSerial { ticket } => self.bump_serial(*ticket),

            Change::AddMessage(new) => {
                take(new.no.0, before.message, &mut self.scratch.desk.message)?;
                self.add_message(new, now)
            }
            Change::Fingerprint { message, shingles } => self.fingerprint(*message, shingles),
            Change::KeepCanned(version) => self.keep_canned(version),
            Change::TakeCode { code, ticket, at } => self.take_code(code, *ticket, *at),
            Change::SpendCode { code, message } => self.spend_code(code, *message),
            Change::Recall { parcel, message, at } => self.recall(*parcel, *message, *at),
            Change::Hasten { parcel, at } => self.hasten(*parcel, *at),
            Change::AnswerAccepted { message, at } => self.answer_accepted(*message, *at),
            Change::Event(event) => self.add_event(event),

            Change::Enqueue(parcel) => {
                take(parcel.no.0, before.parcel, &mut self.scratch.desk.parcel)?;
                self.enqueue(parcel, blobs)
            }
            Change::Recipient { parcel, address, state, error } => {
                self.set_recipient(*parcel, address, *state, error.as_deref(), now)
            }
            Change::Parcel { parcel, state, next_at, attempts, error, at } => {
                self.set_parcel(*parcel, *state, *next_at, *attempts, error.as_deref(), *at)
            }
            Change::SendAgain { parcel, why, at } => self.send_again(*parcel, why, *at),
            Change::NullSenderRefused { mailbox } => {
                self.set_meta(&format!("null_sender_refused:{mailbox}"), Some("1"))
            }

            Change::NewAsk(ask) => {
                take(ask.no.0, before.ask, &mut self.scratch.desk.ask)?;
                self.new_ask(ask)?;
                self.keep_held(ask, blobs)
            }
            Change::GrantRights { act, subject, until, by, at } => self.grant(*act, subject, *until, by, *at),
            Change::SettleAsk { ask, at, how } => {
                let changed = self.run(
                    "UPDATE ask SET settled_at = ?2, how = ?3 WHERE no = ?1 AND settled_at IS NULL",
                    args![*ask, *at, how],
                )?;
                found(changed, "open ask", ask.0)?;
                if how == "dropped" { self.forget_held(*ask) } else { Ok(()) }
            }

            Change::NewIncident(new) => self.new_incident(new),
            Change::Link { ticket, incident, told, at } => self.link(*ticket, *incident, *told, *at),
            Change::Wake { ticket, why, at } => self.wake(*ticket, *why, *at),
            Change::ProlongIncident { incident, until, epoch } => self.prolong_incident(*incident, *until, *epoch),
            Change::EndIncident { incident, at } => self.end_incident(*incident, *at),
            Change::AnswerIncident { incident, bulk } => self.answer_incident(*incident, *bulk),

            Change::NewBulk(new) => {
                take(new.no.0, before.bulk, &mut self.scratch.desk.bulk)?;
                self.new_bulk(new)
            }
            Change::SetBulk { bulk, state, why, at } => self.set_bulk(*bulk, *state, why, *at),
            Change::AskBulk { bulk, ask } => self.ask_bulk(*bulk, *ask),
            Change::BulkStep { bulk, ticket, step, why, language } => {
                self.bulk_step(*bulk, *ticket, *step, why, language)
            }
            Change::BulkQueued { bulk, ticket, message, parcel, left_in } => {
                self.bulk_queued(*bulk, *ticket, (*message, *parcel), *left_in)
            }
            Change::BulkSettled { parcel, step } => self.bulk_settled(*parcel, *step),

            Change::AgentAway { agent, until } => {
                self.run(
                    "INSERT INTO agent (address, away_until) VALUES (?1, ?2)
                     ON CONFLICT (address) DO UPDATE SET away_until = excluded.away_until",
                    args![agent, *until],
                )?;
                self.judge_notices_anew(agent, now)
            }
            Change::Turn { ticket, agent, at } => {
                self.run("UPDATE ticket SET turn_agent = ?2 WHERE number = ?1", args![*ticket, agent])?;
                self.run(
                    "INSERT INTO agent (address, last_turn_at) VALUES (?1, ?2)
                     ON CONFLICT (address) DO UPDATE SET last_turn_at = excluded.last_turn_at",
                    args![agent, *at],
                )?;
                Ok(())
            }
            Change::Alarmed { ticket, alarm, at } => self.alarmed(*ticket, alarm, *at),
            Change::Promise { ticket, until } => self.promise(*ticket, *until),
            Change::Call { ticket, call } => self.call(*ticket, call.as_ref()),
            Change::LookAt { ticket, at } => self.look_at(*ticket, *at),
            Change::Defer(notice) => self.defer(notice, blobs),
            Change::ForgetNotice { person, kind, ticket, message } => {
                self.forget_notice(person, *kind, *ticket, *message)
            }
            Change::ForgetNotices { ticket } => self.forget_notices(*ticket),
            Change::ReviveNotices { person } => self.revive_notices(person, now),
            Change::Notified { person, kind, at } => self.notified(person, *kind, *at),
            Change::Told { to, topic, at } => {
                self.run(
                    "INSERT INTO told (address, topic, at) VALUES (?1, ?2, ?3)
                     ON CONFLICT (address, topic) DO UPDATE SET at = excluded.at",
                    args![to, topic, *at],
                )?;
                Ok(())
            }
            Change::Practise(new) => {
                take(new.no.0, before.parcel, &mut self.scratch.desk.parcel)?;
                self.practise(new)
            }
            Change::Rehearsed { practice, came, at } => self.rehearsed(*practice, came, *at),
            Change::CountAutomatic { address, at } => {
                self.run("INSERT INTO automatic (address, at) VALUES (?1, ?2)", args![address, *at])?;
                if let Some((_, count)) = &mut self.scratch.automatic {
                    *count += 1;
                }
                if !self.scratch.pruned {
                    self.scratch.pruned = true;
                    let old = now.plus(-AUTOMATIC_KEPT);
                    self.run("DELETE FROM automatic WHERE at < ?1", args![old])?;
                }
                Ok(())
            }

            Change::Halt { why } => match self.halted()? {
                Some(_) => Ok(()),
                None => self.set_halted(Some(why)),
            },
        }
    }

    fn settle_letter(&mut self, letter: LetterNo, fate: &Fate) -> Result<(), StoreError> {
        let (state, word, no, why) = match fate {
            Fate::Message(no) => ("settled", "message", Some(no.0), None),
            Fate::Duplicate(no) => ("settled", "duplicate", Some(no.0), None),
            Fate::Quarantined(no) => ("quarantined", "quarantined", Some(no.0), None),
            Fate::Echo(no) => ("settled", "echo", Some(no.0), None),
            Fate::Done(why) => ("settled", "done", None, Some(*why)),
        };
        let changed = self.run(
            "UPDATE letter SET state = ?2, fate = ?3, fate_no = ?4, fate_why = ?5 WHERE no = ?1",
            args![letter, state, word, no, why],
        )?;
        found(changed, "letter", letter.0)
    }

    fn leave_quarantine(&mut self, quarantine: QuarantineNo, at: Time, how: &str) -> Result<LetterNo, StoreError> {
        let letter: Option<LetterNo> = self.one(
            "UPDATE quarantine SET settled_at = ?2, how = ?3, list_at = NULL WHERE no = ?1 AND settled_at IS NULL RETURNING letter",
            args![quarantine, at, how],
            |row| row.get(0),
        )?;
        letter.ok_or_else(|| missing("open quarantine row", quarantine.0))
    }

    fn set_aside(&mut self, new: &NewQuarantine) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE letter SET state = 'quarantined', fate = 'quarantined', fate_no = ?2, fate_why = NULL WHERE no = ?1",
            args![new.letter, new.no],
        )?;
        found(changed, "letter", new.letter.0)?;
        self.run(
            "INSERT INTO quarantine (no, letter, mailbox, from_address, subject, reason, at, list_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            args![new.no, new.letter, &new.mailbox, new.from.as_ref(), &new.subject, &new.reason, new.at, new.list_at],
        )?;
        Ok(())
    }

    fn new_ask(&mut self, ask: &KnownAsk) -> Result<(), StoreError> {
        let (settled_at, how) = ask.settled.as_ref().map(|(at, how)| (*at, how)).unzip();
        self.run(
            "INSERT INTO ask (no, ticket, agent, created_at, expires_at, settled_at, how, matter)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            args![
                ask.no,
                ask.ticket,
                &ask.agent,
                ask.created_at,
                ask.expires_at,
                settled_at,
                how,
                json_text(&ask.matter),
            ],
        )?;
        Ok(())
    }
}

/// A new id must be one that was free when the decision was made, so that none is ever given out twice.
fn take(id: i64, before: i64, counter: &mut i64) -> Result<(), StoreError> {
    if id <= before {
        return Err(StoreError::Rejected(format!("id {id} was given out before")));
    }
    *counter = (*counter).max(id);
    Ok(())
}

fn missing(what: &str, id: i64) -> StoreError {
    StoreError::Rejected(format!("there is no {what} {id}"))
}

/// An error unless a row was there to change.
fn found(changed: usize, what: &str, id: i64) -> Result<(), StoreError> {
    if changed == 0 { Err(missing(what, id)) } else { Ok(()) }
}
