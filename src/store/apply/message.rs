//! Writes of messages and of the Message-IDs that they bear and name.

use super::super::db::args;
use super::super::facts::{BORNE_BY_MESSAGE, BORNE_WITH_SAMENESS, NAMED};
use super::super::text::{id_hash, json_text, list, parties, same_hash};
use super::super::{StoreError, Tx};
use super::{found, missing};
use crate::model::{Direction, Kind, MessageNo, TicketNo, Time};
use crate::plan::NewMessage;

/// So many of the newest Message-IDs that a message names are indexed where they are not on record.
const NAMED_AT_MOST: usize = 20;

impl Tx<'_> {
    pub(super) fn add_message(&mut self, new: &NewMessage, now: Time) -> Result<(), StoreError> {
        self.note_on_ticket(new, now)?;
        let accepted_at = (new.direction == Direction::Out && new.accepted).then_some(new.at);
        self.run(
            r#"INSERT INTO message (no, ticket, direction, kind, letter, event, at, sent_at, accepted_at, counts, found, verified, from_name,
               from_address, agent, message_id, sameness, thread_index, language, subject, to_parties, cc_parties, "references",
               attachments, files, defects, new_text, text)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
               ?24, ?25, ?26, ?27, ?28)"#,
            args![
                new.no,
                new.ticket,
                new.direction,
                new.kind,
                new.letter,
                self.scratch.desk.event,
                new.at,
                new.sent_at,
                accepted_at,
                new.counts,
                new.direction == Direction::Out && new.accepted,
                new.verified,
                new.from.as_ref().map(|p| &p.name),
                new.from.as_ref().map(|p| &p.address),
                new.agent.as_ref(),
                new.message_id.as_ref(),
                &new.sameness,
                new.thread_index.as_ref(),
                new.language.as_ref(),
                &new.subject,
                parties(&new.to),
                parties(&new.cc),
                list(&new.references),
                json_text(&new.attachments),
                new.attachments.iter().map(|a| a.name.as_str()).collect::<Vec<_>>().join("\n"),
                list(&new.defects),
                (new.new_text != new.text).then_some(&new.new_text),
                &new.text,
            ],
        )?;
        if let Some(id) = &new.message_id {
            self.run(
                "INSERT INTO ref (hash, role, no) VALUES (?1, ?2, ?5), (?3, ?4, ?5)",
                args![id_hash(id), BORNE_BY_MESSAGE, same_hash(id, &new.sameness), BORNE_WITH_SAMENESS, new.no],
            )?;
        }
        if !new.references.is_empty() {
            let named: Vec<i64> = new.references.iter().take(NAMED_AT_MOST).map(|id| id_hash(id)).collect();
            self.run(
                "INSERT INTO ref (hash, role, no)
                 SELECT j.value, ?2, ?3 FROM json_each(?1) j
                 WHERE NOT EXISTS (SELECT 1 FROM ref r WHERE r.hash = j.value AND r.role IN (1, 2))
                 ON CONFLICT DO NOTHING",
                args![list(&named), NAMED, new.no],
            )?;
        }
        self.to_index.push(new.no);
        Ok(())
    }

    /// What a message changes on its ticket.
    fn note_on_ticket(&mut self, new: &NewMessage, now: Time) -> Result<(), StoreError> {
        let changed = match new.direction {
            // A bounce is nothing to thread an answer under; a robot's mail only where there is nothing better.
            Direction::In if new.kind != Kind::Bounce => self.run(
                "UPDATE ticket SET updated_at = max(updated_at, ?2),
                     last_in = CASE WHEN last_in IS NULL OR (?3 AND ?7 >= (SELECT m.at FROM message m WHERE m.no = last_in))
                               THEN ?4 ELSE last_in END,
                     (customer_name, customer_address) =
                         (SELECT ?5, ?6 WHERE customer = (SELECT a.customer FROM address a WHERE a.address = ?6)
                          UNION ALL SELECT customer_name, customer_address LIMIT 1)
                 WHERE number = ?1",
                args![
                    new.ticket,
                    now,
                    new.kind == Kind::Person,
                    new.no,
                    new.from.as_ref().map(|p| &p.name),
                    new.from.as_ref().map(|p| &p.address),
                    new.at,
                ],
            )?,
            Direction::Out => self.run(
                "UPDATE ticket SET updated_at = max(updated_at, ?2), answers = answers + ?4,
                     last_answer = CASE WHEN ?5 < (SELECT m.at FROM message m WHERE m.no = last_answer) THEN last_answer ELSE ?3 END
                 WHERE number = ?1",
                args![new.ticket, now, new.no, new.accepted, new.at],
            )?,
            _ => return self.touch(new.ticket, now),
        };
        found(changed, "ticket", new.ticket.0)
    }

    pub(super) fn answer_accepted(&mut self, message: MessageNo, at: Time) -> Result<(), StoreError> {
        let ticket: Option<TicketNo> = self.one(
            "UPDATE message SET at = ?2, accepted_at = ?2 WHERE no = ?1 AND direction = 'out' AND accepted_at IS NULL RETURNING ticket",
            args![message, at],
            |row| row.get(0),
        )?;
        if let Some(ticket) = ticket {
            self.run(
                "UPDATE ticket SET answers = answers + 1, updated_at = max(updated_at, ?2) WHERE number = ?1",
                args![ticket, at],
            )?;
            return Ok(());
        }
        // Accepted before: a second recipient, or the same mail sent again.
        let there =
            self.one("SELECT 1 FROM message WHERE no = ?1 AND direction = 'out'", args![message], |_| Ok(()))?;
        there.ok_or_else(|| missing("answer", message.0))
    }
}
