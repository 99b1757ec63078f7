//! People's rights: whose what is, what of it is taken away, and the record of who asked.

mod erase;
mod estate;
mod register;

pub use estate::{Estate, SentCopy, Uids, Whom};
pub use register::{AuditRow, BackupRow, Kept};
