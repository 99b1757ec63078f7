//! The database's invariants, for tests and `svar health`.

use super::{StoreError, Tx};

/// Every invariant that does not hold, in words.
///
/// # Errors
/// A database error.
pub fn check(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let _ = tx;
    Ok(Vec::new())
}
