//! The line that tells a reply where the mail from svar begins.

/// Stands first in every notification, as text and within the HTML; whatever an agent writes stands above it.
pub const MARKER: &str = "-=-=- svar -=-=-";
