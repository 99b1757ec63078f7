//! In which mailboxes an estate lies: whoever works in some of them only must not reach what lies in the others.

use std::collections::BTreeSet;

use super::super::db::args;
use super::super::text::list;
use super::super::{StoreError, Tx};
use super::Estate;

/// What one of us has written to the desk about her (`done`) lies where he works, and says nothing of her.
pub(in crate::store) const PLACES: &str = "
    SELECT t.mailbox FROM json_each(?1) j CROSS JOIN ticket t ON t.number = j.value
    UNION SELECT q.mailbox FROM json_each(?2) j CROSS JOIN quarantine q ON q.no = j.value
    UNION SELECT p.mailbox FROM json_each(?3) j CROSS JOIN parcel p ON p.no = j.value
    UNION SELECT l.mailbox FROM json_each(?4) j CROSS JOIN letter l ON l.no = j.value WHERE l.fate IS NOT 'done'
    UNION SELECT t.mailbox FROM json_each(?5) j CROSS JOIN ask a ON a.no = j.value CROSS JOIN ticket t ON t.number = a.ticket
    ORDER BY 1";

impl Tx<'_> {
    /// The mailboxes of an estate's tickets, of what was set aside, of its mails both ways, and of what waits for a word.
    ///
    /// # Errors
    /// A database error.
    pub fn places(&mut self, estate: &Estate) -> Result<BTreeSet<String>, StoreError> {
        let tickets: Vec<_> = estate.tickets.iter().chain(&estate.shared).collect();
        let aside: Vec<_> = estate.quarantine.iter().collect();
        let parcels: Vec<_> = estate.parcels.iter().chain(&estate.shared_parcels).chain(&estate.told).collect();
        let letters: Vec<_> = estate.letters.iter().collect();
        let asks: Vec<_> = estate.asks.iter().collect();
        let rows = self.rows(
            PLACES,
            args![list(&tickets), list(&aside), list(&parcels), list(&letters), list(&asks)],
            |row| row.get(0),
        )?;
        Ok(rows.into_iter().collect())
    }
}
