//! People's rights: whose what is, what of it is taken away, and the record of who asked.

mod erase;
mod estate;
mod mails;
mod places;
mod posted;
mod register;
mod tasks;

pub use estate::{Estate, MailId, SentCopy, Uids, Whom};
pub use posted::PostedRow;
pub use register::{AuditRow, BackupRow, Kept};
pub use tasks::{Granted, RetentionRow};

#[cfg(test)]
pub(in crate::store) use {
    erase::STATEMENTS, estate::QUERIES, mails::QUERIES as MAIL_QUERIES, places::PLACES, tasks::OLDEST, tasks::OUTDATED,
};
