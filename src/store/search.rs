//! Full-text search over all that was ever written: subjects, names, addresses, new text, names of attachments.

use serde::Serialize;

use super::db::args;
use super::text::list;
use super::{StoreError, Tx};
use crate::model::{MessageNo, TicketNo, Time, one_line};
use crate::plan::query::words;

/// One message that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchRow {
    pub number: TicketNo,
    pub message_id: Option<String>,
    pub at: Time,
    /// On one line.
    pub snippet: String,
    /// The ticket's.
    pub subject: String,
    /// Who wrote it: a name, else an address, else "". For people only: elsewhere in JSON `from` is an object.
    #[serde(skip)]
    pub from: String,
}

/// A column of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Subject,
    Sender,
}

/// The newest 20,000 messages that match are ranked: a word that is everywhere is found as fast as any.
/// The weights are of subject, sender, other people, text, names of attachments.
pub(super) const BEST: &str = "
    SELECT no FROM (SELECT rowid AS no, bm25(search, 4.0, 3.0, 1.0, 1.0, 2.0) AS badness FROM search
                    WHERE search MATCH ?1 ORDER BY rowid DESC LIMIT 20000)
    ORDER BY badness, no DESC LIMIT ?2";

pub(super) const SNIPPET: &str = "
    SELECT m.ticket, m.message_id, m.at, snippet(search, -1, '', '', '…', 16), t.subject,
           coalesce(nullif(m.from_name, ''), m.from_address, '')
    FROM search s CROSS JOIN message m ON m.no = s.rowid CROSS JOIN ticket t ON t.number = m.ticket WHERE s.search MATCH ?1 AND s.rowid = ?2";

pub(super) const FILL: &str = "
    INSERT INTO search (rowid, subject, sender, people, body, files)
    SELECT no, subject, sender, people, body, files FROM search_text WHERE no IN (SELECT value FROM json_each(?1)) ORDER BY no";

/// An FTS5 expression for all of `phrases`, each with its last word as a beginning: always quoted, so that nothing of it is syntax.
/// `None` if there is no letter or digit in them.
pub(super) fn matching(column: Option<Column>, phrases: &[&str]) -> Option<String> {
    let quoted: Vec<String> = phrases
        .iter()
        .filter(|p| p.chars().any(char::is_alphanumeric))
        .map(|p| format!("\"{}\" *", p.replace('"', "\"\"").replace('\0', " ")))
        .collect();
    if quoted.is_empty() {
        return None;
    }
    let all = quoted.join(" AND ");
    Some(match column {
        None => all,
        Some(Column::Subject) => format!("subject : ({all})"),
        Some(Column::Sender) => format!("sender : ({all})"),
    })
}

/// An FTS5 expression for one whole word in a subject or a text. `None`: there is no letter or digit in it.
pub(super) fn whole_word(word: &str) -> Option<String> {
    let has_letters = word.chars().any(char::is_alphanumeric);
    has_letters.then(|| format!("{{subject body}} : \"{}\"", word.replace('"', "\"\"").replace('\0', " ")))
}

/// An FTS5 expression for what a person typed: words, "phrases", and `-words` to leave out.
fn expression(text: &str) -> Option<String> {
    let typed = words(text);
    let of = |excluded: bool| -> Vec<String> {
        typed
            .iter()
            .filter(|w| w.excluded == excluded)
            .map(|w| match &w.key {
                Some(key) => format!("{key}:{}", w.value),
                None => w.value.clone(),
            })
            .collect()
    };
    let (wanted, unwanted) = (of(false), of(true));
    let wanted = matching(None, &wanted.iter().map(String::as_str).collect::<Vec<_>>())?;
    let unwanted: Vec<String> = unwanted.iter().filter_map(|w| matching(None, &[w])).collect();
    Some(if unwanted.is_empty() { wanted } else { format!("({wanted}) NOT ({})", unwanted.join(" OR ")) })
}

/// The newest messages that hold a phrase, by their tickets.
pub(super) const HOLDING: &str = "
    SELECT m.ticket FROM search s CROSS JOIN message m ON m.no = s.rowid WHERE s.search MATCH ?1 ORDER BY s.rowid DESC LIMIT ?2";

/// So many messages, and tickets, that name an order are found.
const ORDER_MESSAGES: usize = 60;
const ORDER_TICKETS: usize = 20;

impl Tx<'_> {
    /// Tickets on which an order number was named, newest first.
    pub(super) fn naming_order(&mut self, order: &str) -> Result<Vec<TicketNo>, StoreError> {
        let phrase = format!("\"{}\"", order.replace(['"', '\0'], " "));
        if !order.chars().any(char::is_alphanumeric) {
            return Ok(Vec::new());
        }
        let mut tickets: Vec<TicketNo> = Vec::new();
        for ticket in self.rows(HOLDING, args![phrase, ORDER_MESSAGES], |row| row.get(0))? {
            if !tickets.contains(&ticket) && tickets.len() < ORDER_TICKETS {
                tickets.push(ticket);
            }
        }
        Ok(tickets)
    }

    /// Messages with all of `text`'s words in them, whatever their case and diacritics, best first.
    ///
    /// # Errors
    /// A database error.
    pub fn search(&mut self, text: &str, limit: usize) -> Result<Vec<SearchRow>, StoreError> {
        let Some(expression) = expression(text) else { return Ok(Vec::new()) };
        let best: Vec<MessageNo> = self.rows(BEST, args![&expression, limit], |row| row.get(0))?;
        let mut found = Vec::with_capacity(best.len());
        for no in best {
            found.extend(self.one(SNIPPET, args![&expression, no], |row| {
                let snippet: String = row.get(3)?;
                Ok(SearchRow {
                    number: row.get(0)?,
                    message_id: row.get(1)?,
                    at: row.get(2)?,
                    snippet: one_line(&snippet),
                    subject: row.get(4)?,
                    from: row.get(5)?,
                })
            })?);
        }
        Ok(found)
    }

    /// Puts the batch's messages into the index, all at once: each savepoint would write out what the index has gathered so far.
    pub(super) fn fill_search_index(&mut self) -> Result<(), StoreError> {
        let messages = std::mem::take(&mut self.to_index);
        if !messages.is_empty() {
            self.run(FILL, args![list(&messages)])?;
        }
        Ok(())
    }

    /// What was written in this batch is not searched: for a database that nobody will search.
    pub fn leave_unindexed(&mut self) {
        self.to_index.clear();
    }

    /// A little of the work that keeps the index small.
    pub(super) fn merge_search_index(&mut self) -> Result<(), StoreError> {
        self.run("INSERT INTO search (search, rank) VALUES ('merge', 200)", &[])?;
        Ok(())
    }

    /// Makes the index anew from the messages.
    ///
    /// # Errors
    /// A database error.
    pub fn rebuild_search_index(&mut self) -> Result<(), StoreError> {
        self.run("INSERT INTO search (search) VALUES ('rebuild')", &[])?;
        Ok(())
    }
}
