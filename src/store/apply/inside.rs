//! Writes that agents' commands ask for: other customers, blocked senders, tickets that become two, answers that are stopped, and the
//! fingerprints of notes.

use super::super::db::args;
use super::super::text::list;
use super::super::{StoreError, Tx};
use super::{found, missing};
use crate::model::{Address, CustomerNo, MessageNo, ParcelNo, ParcelState, Party, TicketNo, Time};
use crate::plan::Blocked;

impl Tx<'_> {
    pub(super) fn join_customers(&mut self, from: CustomerNo, into: CustomerNo) -> Result<(), StoreError> {
        if from == into {
            return Err(StoreError::Rejected(format!("customer {} joined to itself", from.0)));
        }
        let there = self.one("SELECT 1 FROM customer WHERE no = ?1", args![into], |_| Ok(()))?;
        there.ok_or_else(|| missing("customer", into.0))?;
        self.run("UPDATE ticket SET customer = ?2 WHERE customer = ?1", args![from, into])?;
        self.run("UPDATE address SET customer = ?2 WHERE customer = ?1", args![from, into])?;
        let changed = self.run("DELETE FROM customer WHERE no = ?1", args![from])?;
        found(changed, "customer", from.0)
    }

    pub(super) fn part_customer(
        &mut self,
        address: &Address,
        customer: CustomerNo,
        name: &str,
        at: Time,
    ) -> Result<(), StoreError> {
        let old: Option<CustomerNo> =
            self.one("SELECT customer FROM address WHERE address = ?1", args![address], |row| row.get(0))?.flatten();
        let old = old.ok_or_else(|| StoreError::Rejected("an address that is nobody's is parted".to_owned()))?;
        self.run("INSERT INTO customer (no, name, created_at) VALUES (?1, ?2, ?3)", args![customer, name, at])?;
        self.run("UPDATE address SET customer = ?2 WHERE address = ?1", args![address, customer])?;
        self.run(
            "UPDATE ticket SET customer = ?2 WHERE customer = ?3 AND customer_address = ?1",
            args![address, customer, old],
        )?;
        Ok(())
    }

    pub(super) fn set_customer(
        &mut self,
        ticket: TicketNo,
        customer: CustomerNo,
        party: &Party,
    ) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE ticket SET customer = ?2, customer_name = ?3, customer_address = ?4 WHERE number = ?1",
            args![ticket, customer, &party.name, &party.address],
        )?;
        found(changed, "ticket", ticket.0)
    }

    pub(super) fn block(&mut self, blocked: &Blocked) -> Result<(), StoreError> {
        let how = if blocked.ignored { "ignore" } else { "spam" };
        self.run(
            "INSERT INTO blocked (address, how, verified, ticket, actor, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET how = excluded.how, verified = max(verified, excluded.verified), ticket = excluded.ticket,
                 actor = excluded.actor, at = excluded.at",
            args![&blocked.address, how, blocked.verified, blocked.ticket, &blocked.actor, blocked.at],
        )?;
        Ok(())
    }

    pub(super) fn unblock(&mut self, address: Option<&Address>, ticket: Option<TicketNo>) -> Result<(), StoreError> {
        self.run("DELETE FROM blocked WHERE address = ?1", args![address])?;
        self.run("DELETE FROM blocked WHERE ticket = ?1", args![ticket])?;
        Ok(())
    }

    /// The tickets' own facts follow from the messages that they have then.
    pub(super) fn move_messages(
        &mut self,
        from: TicketNo,
        to: TicketNo,
        first: MessageNo,
        now: Time,
    ) -> Result<(), StoreError> {
        let moved =
            self.run("UPDATE message SET ticket = ?2 WHERE ticket = ?1 AND no >= ?3", args![from, to, first])?;
        found(moved, "message of the ticket", first.0)?;
        for ticket in [from, to] {
            let changed = self.run(
                "UPDATE ticket SET updated_at = max(updated_at, ?2),
                     answers = (SELECT count(*) FROM message m
                                WHERE m.ticket = number AND m.direction = 'out' AND m.accepted_at IS NOT NULL)
                         + (SELECT count(*) FROM event e WHERE e.ticket = number AND e.what = 'called'),
                     last_answer = (SELECT max(m.no) FROM message m WHERE m.ticket = number AND m.direction = 'out'),
                     last_in = coalesce(
                         (SELECT max(m.no) FROM message m WHERE m.ticket = number AND m.direction = 'in' AND m.kind = 'person'),
                         (SELECT max(m.no) FROM message m WHERE m.ticket = number AND m.direction = 'in' AND m.kind <> 'bounce'))
                 WHERE number = ?1",
                args![ticket, now],
            )?;
            found(changed, "ticket", ticket.0)?;
        }
        Ok(())
    }

    pub(super) fn fingerprint(&mut self, message: MessageNo, shingles: &[i64]) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO note_shingle (hash, message) SELECT j.value, ?2 FROM json_each(?1) j WHERE 1 ON CONFLICT DO NOTHING",
            args![list(shingles), message],
        )?;
        Ok(())
    }

    pub(super) fn recall(&mut self, parcel: ParcelNo, message: MessageNo, at: Time) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE parcel SET state = ?3, settled_at = ?2 WHERE no = ?1 AND state IN ('queued', 'held')",
            args![parcel, at, ParcelState::Dropped],
        )?;
        found(changed, "mail that still waits", parcel.0)?;
        let ticket: Option<TicketNo> = self.one(
            "UPDATE message SET direction = 'note', counts = 0 WHERE no = ?1 AND direction IN ('out', 'auto')
             AND accepted_at IS NULL RETURNING ticket",
            args![message],
            |row| row.get(0),
        )?;
        let ticket = ticket.ok_or_else(|| missing("answer that has not left", message.0))?;
        self.unspend_codes(message)?;
        self.run(
            "UPDATE ticket SET updated_at = max(updated_at, ?2),
                 last_answer = (SELECT max(m.no) FROM message m WHERE m.ticket = number AND m.direction = 'out')
             WHERE number = ?1",
            args![ticket, at],
        )?;
        Ok(())
    }

    pub(super) fn hasten(&mut self, parcel: ParcelNo, at: Time) -> Result<(), StoreError> {
        self.run(
            "UPDATE parcel SET next_at = ?2 WHERE no = ?1 AND state = 'queued' AND attempts = 0",
            args![parcel, at],
        )?;
        Ok(())
    }
}
