//! Writes of tickets and of what hangs on them.

use super::super::db::args;
use super::super::{StoreError, Tx};
use super::{found, missing};
use crate::model::{Address, Party, Priority, State, TicketNo, Time};
use crate::plan::{CallWish, Event, NewTicket, What};

impl Tx<'_> {
    pub(super) fn open_ticket(&mut self, new: &NewTicket) -> Result<(), StoreError> {
        let closed_at = (new.state == State::Closed).then_some(new.created_at);
        self.run(
            "INSERT INTO ticket (number, subject, base_subject, state, mailbox, channel, customer, customer_name, customer_address,
             priority, created_at, updated_at, closed_at, epoch, serial, answers)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12, ?13, 0, 0)",
            args![
                new.number,
                &new.subject,
                &new.base_subject,
                new.state,
                &new.mailbox,
                new.channel,
                new.customer,
                new.customer_party.as_ref().map(|p| &p.name),
                new.customer_party.as_ref().map(|p| &p.address),
                new.priority,
                new.created_at,
                closed_at,
                self.epoch(),
            ],
        )?;
        Ok(())
    }

    pub(super) fn set_state(
        &mut self,
        ticket: TicketNo,
        state: State,
        hold_until: Option<Time>,
        survivor: Option<TicketNo>,
        at: Time,
    ) -> Result<(), StoreError> {
        if (state == State::Merged) != survivor.is_some() || survivor == Some(ticket) {
            return Err(StoreError::Rejected(format!("ticket {ticket} as {state} with the survivor {survivor:?}")));
        }
        let hold_until = hold_until.filter(|_| state == State::Held);
        let changed = self.run(
            "UPDATE ticket SET state = ?2, hold_until = ?3, survivor = ?4,
                 closed_at = CASE ?2 WHEN 'closed' THEN coalesce(closed_at, ?5) END, updated_at = max(updated_at, ?5)
             WHERE number = ?1",
            args![ticket, state, hold_until, survivor, at],
        )?;
        found(changed, "ticket", ticket.0)
    }

    pub(super) fn assign(&mut self, ticket: TicketNo, agent: Option<&Address>, at: Time) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE ticket SET assignee = ?2, updated_at = max(updated_at, ?3) WHERE number = ?1",
            args![ticket, agent, at],
        )?;
        found(changed, "ticket", ticket.0)
    }

    pub(super) fn call(&mut self, ticket: TicketNo, call: Option<&CallWish>) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE ticket SET call_at = ?2, call_phone = ?3 WHERE number = ?1",
            args![ticket, call.map(|c| c.at), call.and_then(|c| c.phone.as_deref())],
        )?;
        found(changed, "ticket", ticket.0)
    }

    pub(super) fn set_priority(&mut self, ticket: TicketNo, priority: Priority, at: Time) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE ticket SET priority = ?2, updated_at = max(updated_at, ?3) WHERE number = ?1",
            args![ticket, priority, at],
        )?;
        found(changed, "ticket", ticket.0)
    }

    pub(super) fn tag(&mut self, ticket: TicketNo, tag: &str, now: Time) -> Result<(), StoreError> {
        self.touch(ticket, now)?;
        self.run("INSERT INTO tag (ticket, tag) VALUES (?1, ?2) ON CONFLICT DO NOTHING", args![ticket, tag])?;
        Ok(())
    }

    pub(super) fn untag(&mut self, ticket: TicketNo, tag: &str, now: Time) -> Result<(), StoreError> {
        self.touch(ticket, now)?;
        self.run("DELETE FROM tag WHERE ticket = ?1 AND tag = ?2", args![ticket, tag])?;
        Ok(())
    }

    pub(super) fn touch(&mut self, ticket: TicketNo, now: Time) -> Result<(), StoreError> {
        let changed =
            self.run("UPDATE ticket SET updated_at = max(updated_at, ?2) WHERE number = ?1", args![ticket, now])?;
        found(changed, "ticket", ticket.0)
    }

    pub(super) fn set_waiting(
        &mut self,
        ticket: TicketNo,
        since: Option<Time>,
        due: Option<Time>,
    ) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE ticket SET waiting_since = ?2, due_at = ?3, late_at = ?3 + 1 WHERE number = ?1",
            args![ticket, since, due],
        )?;
        found(changed, "ticket", ticket.0)
    }

    pub(super) fn participate(&mut self, ticket: TicketNo, party: &Party) -> Result<(), StoreError> {
        self.must_exist(ticket)?;
        self.run(
            "INSERT INTO participant (ticket, address, name) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET name = excluded.name WHERE excluded.name <> ''",
            args![ticket, &party.address, &party.name],
        )?;
        Ok(())
    }

    pub(super) fn relate(&mut self, ticket: TicketNo, other: TicketNo) -> Result<(), StoreError> {
        self.must_exist(ticket)?;
        self.must_exist(other)?;
        if ticket == other {
            return Err(StoreError::Rejected(format!("ticket {ticket} as related to itself")));
        }
        self.run(
            "INSERT INTO related (ticket, other) VALUES (?1, ?2), (?2, ?1) ON CONFLICT DO NOTHING",
            args![ticket, other],
        )?;
        Ok(())
    }

    pub(super) fn bump_serial(&mut self, ticket: TicketNo) -> Result<(), StoreError> {
        let changed = self.run("UPDATE ticket SET serial = serial + 1 WHERE number = ?1", args![ticket])?;
        found(changed, "ticket", ticket.0)
    }

    pub(super) fn add_event(&mut self, event: &Event) -> Result<(), StoreError> {
        self.scratch.desk.event += 1;
        let no = self.scratch.desk.event;
        self.run(
            "INSERT INTO event (ticket, no, at, actor, what, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            args![event.ticket, no, event.at, &event.actor, event.what.as_str(), &event.detail],
        )?;
        if event.what == What::Called {
            self.run(
                "UPDATE ticket SET answers = answers + 1, updated_at = max(updated_at, ?2) WHERE number = ?1",
                args![event.ticket, event.at],
            )?;
        }
        Ok(())
    }

    fn must_exist(&mut self, ticket: TicketNo) -> Result<(), StoreError> {
        let there = self.one("SELECT 1 FROM ticket WHERE number = ?1", args![ticket], |_| Ok(()))?;
        there.ok_or_else(|| missing("ticket", ticket.0))
    }
}
