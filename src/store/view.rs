//! Rows for people and scripts: tickets, one ticket whole, quarantine, outbox, as `--json` prints them.

use serde::Serialize;
use serde_json::Value;

use super::apply::parcel::SENT_AGAIN_SHOWN;
use super::db::{DbError, Row, args};
use super::facts::RecipientEntry;
use super::text::{read_json, read_parties, read_party};
use super::{Query, StoreError, Tx};
use crate::model::{
    Address, Channel, Direction, IncidentNo, Kind, LetterNo, MessageNo, ParcelKind, ParcelNo, ParcelState, Party,
    Priority, QuarantineNo, RecipientState, State, TicketNo, Time,
};
use crate::net::UNKNOWN;
use crate::plan::AttachmentRow;

/// A ticket as `svar tickets --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TicketRow {
    pub number: TicketNo,
    pub subject: String,
    pub state: State,
    pub mailbox: String,
    pub channel: Channel,
    pub customer: Option<Party>,
    pub assignee: Option<Address>,
    pub priority: Priority,
    pub tags: Vec<String>,
    pub created_at: Time,
    pub updated_at: Time,
    pub waiting_since: Option<Time>,
    pub due_at: Option<Time>,
    pub overdue: bool,
}

/// The incident of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IncidentName {
    pub number: IncidentNo,
    pub name: String,
    /// Whether its customer got the incident's text.
    pub told: bool,
    /// Whether nobody is told of it singly.
    pub quiet: bool,
}

/// A ticket, whole. The caller adds `clocks` (see `engine::clocks`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TicketShow {
    #[serde(flatten)]
    pub ticket: TicketRow,
    /// The survivor, where the state is `merged`.
    pub survivor: Option<TicketNo>,
    pub related: Vec<TicketNo>,
    pub participants: Vec<Party>,
    /// To which it belongs.
    pub incident: Option<IncidentName>,
    pub messages: Vec<MessageRow>,
    /// Filled in by the caller; an array.
    pub clocks: Value,
    pub events: Vec<EventRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageRow {
    pub id: MessageNo,
    pub direction: Direction,
    pub kind: Kind,
    pub from: Option<Party>,
    pub to: Vec<Party>,
    pub cc: Vec<Party>,
    pub at: Time,
    pub subject: String,
    pub text: String,
    /// What the sender wrote this time.
    pub new_text: String,
    pub message_id: Option<String>,
    pub attachments: Vec<AttachmentRow>,
    pub defects: Vec<String>,
    /// The raw letter, where there is one.
    pub letter: Option<LetterNo>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventRow {
    pub at: Time,
    pub actor: String,
    pub what: String,
    pub detail: String,
}

/// Something set aside, as `svar quarantine --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuarantineRow {
    pub id: QuarantineNo,
    pub at: Time,
    pub mailbox: String,
    pub from: Option<Address>,
    pub subject: String,
    pub reason: String,
    /// The raw letter: see [`Tx::raw`].
    pub letter: LetterNo,
}

/// A mail that waits, as `svar outbox --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutboxRow {
    pub id: ParcelNo,
    pub ticket: Option<TicketNo>,
    pub kind: ParcelKind,
    pub to: Vec<RecipientRow>,
    pub state: ParcelState,
    pub attempts: i64,
    pub next_at: Option<Time>,
    pub last_error: Option<String>,
    pub message_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecipientRow {
    pub address: Address,
    pub state: RecipientState,
    pub last_error: Option<String>,
}

pub(super) const TICKET_COLUMNS: &str = "
    SELECT t.number, t.subject, t.state, t.mailbox, t.channel, t.customer_name, t.customer_address, t.assignee, t.priority,
           (SELECT json_group_array(g.tag) FROM tag g WHERE g.ticket = t.number),
           t.created_at, t.updated_at, t.waiting_since, t.due_at, t.survivor, t.late_at
    FROM ticket t WHERE ";

/// A survivor shows what was said on the tickets that were merged into it, too.
pub(super) const SHOWN_MESSAGES: &str = "
    WITH RECURSIVE joined (number) AS (
        SELECT ?1 UNION SELECT t.number FROM joined JOIN ticket t ON t.survivor = joined.number)
    SELECT no, direction, kind, from_name, from_address, to_parties, cc_parties, at, subject, text, new_text, message_id,
           attachments, defects, letter
    FROM message WHERE ticket IN joined ORDER BY no";

pub(super) const SHOWN_EVENTS: &str = "
    WITH RECURSIVE joined (number) AS (
        SELECT ?1 UNION SELECT t.number FROM joined JOIN ticket t ON t.survivor = joined.number)
    SELECT at, actor, what, detail FROM event WHERE ticket IN joined ORDER BY no";

pub(super) const QUARANTINE: &str = "
    SELECT no, at, mailbox, from_address, subject, reason, letter FROM quarantine WHERE settled_at IS NULL";

/// The two halves of the outbox have an index each.
pub(super) const QUEUED: &str = "
    SELECT no, ticket, kind, recipients, state, attempts, next_at, last_error, message_id
    FROM parcel WHERE state = 'queued' ORDER BY next_at";
pub(super) const ASIDE: &str = "
    SELECT no, ticket, kind, recipients, state, attempts, next_at, last_error, message_id
    FROM parcel WHERE state IN ('claimed', 'held', 'failed') ORDER BY state";

/// What goes out, or went out since then, once more.
pub(super) const SENT_AGAIN: &str = "
    SELECT p.no, p.ticket, p.kind, p.recipients, p.state, p.attempts, p.next_at, p.last_error, p.message_id
    FROM meta m JOIN parcel p ON p.no = CAST(substr(m.name, 12) AS INTEGER)
    WHERE m.name >= 'sent_again:' AND m.name < 'sent_again;' AND (p.state != 'sent' OR p.settled_at > ?1)
      AND p.state != 'dropped'";

fn read_ticket_row(row: &Row<'_>, now: Time) -> Result<TicketRow, DbError> {
    let state: State = row.get(2)?;
    let mut tags: Vec<String> = read_json(row, 9)?;
    tags.sort_unstable();
    // What was closed unanswered keeps both for the day when it is opened again; until then nobody waits.
    let is_open = matches!(state, State::Open | State::Pending | State::Held);
    let waiting_since: Option<Time> = row.get(12)?;
    let due_at: Option<Time> = row.get(13)?;
    let late_at: Option<Time> = row.get(15)?;
    let (waiting_since, due_at) = (waiting_since.filter(|_| is_open), due_at.filter(|_| is_open));
    Ok(TicketRow {
        number: row.get(0)?,
        subject: row.get(1)?,
        state,
        mailbox: row.get(3)?,
        channel: row.get(4)?,
        customer: read_party(row, 5, 6)?,
        assignee: row.get(7)?,
        priority: row.get(8)?,
        tags,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
        waiting_since,
        due_at,
        // The target itself is still in time, and so is the time until it opens again.
        overdue: late_at.is_some_and(|late| is_open && now >= late),
    })
}

fn read_message_row(row: &Row<'_>) -> Result<MessageRow, DbError> {
    let text: String = row.get(9)?;
    let new_text: Option<String> = row.get(10)?;
    Ok(MessageRow {
        id: row.get(0)?,
        direction: row.get(1)?,
        kind: row.get(2)?,
        from: read_party(row, 3, 4)?,
        to: read_parties(row, 5)?,
        cc: read_parties(row, 6)?,
        at: row.get(7)?,
        subject: row.get(8)?,
        new_text: new_text.unwrap_or_else(|| text.clone()),
        text,
        message_id: row.get(11)?,
        attachments: read_json(row, 12)?,
        defects: read_json(row, 13)?,
        letter: row.get(14)?,
    })
}

fn read_quarantine_row(row: &Row<'_>) -> Result<QuarantineRow, DbError> {
    Ok(QuarantineRow {
        id: row.get(0)?,
        at: row.get(1)?,
        mailbox: row.get(2)?,
        from: row.get(3)?,
        subject: row.get(4)?,
        reason: row.get(5)?,
        letter: row.get(6)?,
    })
}

fn read_outbox_row(row: &Row<'_>) -> Result<OutboxRow, DbError> {
    let to: Vec<RecipientEntry> = read_json(row, 3)?;
    let state: ParcelState = row.get(4)?;
    let next_at: Time = row.get(6)?;
    Ok(OutboxRow {
        id: row.get(0)?,
        ticket: row.get(1)?,
        kind: row.get(2)?,
        to: to
            .into_iter()
            .filter_map(|r| Some(RecipientRow { address: r.address()?, state: r.state()?, last_error: r.last_error }))
            .collect(),
        state,
        attempts: row.get(5)?,
        next_at: (state == ParcelState::Queued).then_some(next_at),
        last_error: row.get(7)?,
        message_id: row.get(8)?,
    })
}

impl Tx<'_> {
    /// The tickets that `query` means, by number; an empty one means all that is not closed, spam or merged.
    ///
    /// # Errors
    /// A database error.
    pub fn tickets(&mut self, query: &Query, now: Time) -> Result<Vec<TicketRow>, StoreError> {
        let (condition, args) = query.condition(now);
        let sql = format!("{TICKET_COLUMNS}{condition} ORDER BY t.number");
        Ok(self.rows(&sql, &args, |row| read_ticket_row(row, now))?)
    }

    /// One ticket, whole.
    ///
    /// # Errors
    /// A database error.
    pub fn show(&mut self, ticket: TicketNo, now: Time) -> Result<Option<TicketShow>, StoreError> {
        let sql = format!("{TICKET_COLUMNS}t.number = ?1");
        let head = self.one(&sql, args![ticket], |row| Ok((read_ticket_row(row, now)?, row.get(14)?)))?;
        let Some((row, survivor)) = head else { return Ok(None) };
        let incident = self.incident_of(ticket)?.map(|link| IncidentName {
            number: link.incident,
            name: link.name,
            told: link.told.is_some(),
            quiet: link.quiet,
        });
        Ok(Some(TicketShow {
            incident,
            ticket: row,
            survivor,
            related: self
                .rows("SELECT other FROM related WHERE ticket = ?1 ORDER BY other", args![ticket], |row| row.get(0))?,
            participants: self.rows(
                "SELECT name, address FROM participant WHERE ticket = ?1 ORDER BY address",
                args![ticket],
                |row| Ok(Party { name: row.get(0)?, address: row.get(1)? }),
            )?,
            messages: self.rows(SHOWN_MESSAGES, args![ticket], read_message_row)?,
            clocks: Value::Array(Vec::new()),
            events: self.rows(SHOWN_EVENTS, args![ticket], |row| {
                Ok(EventRow { at: row.get(0)?, actor: row.get(1)?, what: row.get(2)?, detail: row.get(3)? })
            })?,
        }))
    }

    /// What is set aside, oldest first.
    ///
    /// # Errors
    /// A database error.
    pub fn quarantine(&mut self) -> Result<Vec<QuarantineRow>, StoreError> {
        Ok(self.rows(&format!("{QUARANTINE} ORDER BY no"), &[], read_quarantine_row)?)
    }

    /// One of them, if it is still set aside.
    ///
    /// # Errors
    /// A database error.
    pub fn quarantine_row(&mut self, no: QuarantineNo) -> Result<Option<QuarantineRow>, StoreError> {
        Ok(self.one(&format!("{QUARANTINE} AND no = ?1"), args![no], read_quarantine_row)?)
    }

    /// What waits, is held or has failed, in the order in which it came.
    ///
    /// # Errors
    /// A database error.
    pub fn outbox(&mut self) -> Result<Vec<OutboxRow>, StoreError> {
        let mut rows = self.rows(QUEUED, &[], read_outbox_row)?;
        rows.extend(self.rows(ASIDE, &[], read_outbox_row)?);
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }

    /// The outbox, and for a day what was sent once more because nobody knew whether it had been taken: somebody may have it twice.
    ///
    /// # Errors
    /// A database error.
    pub fn outbox_shown(&mut self, now: Time) -> Result<Vec<OutboxRow>, StoreError> {
        let mut rows = self.outbox()?;
        for mut row in self.rows(SENT_AGAIN, args![now.plus(-SENT_AGAIN_SHOWN)], read_outbox_row)? {
            row.last_error = match row.last_error.take() {
                Some(error) if !error.starts_with(UNKNOWN) => {
                    Some(format!("{UNKNOWN} before, and it is sent once more; since then: {error}"))
                }
                error => error,
            };
            rows.retain(|r| r.id != row.id);
            rows.push(row);
        }
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }
}
