//! What does this letter say, and how is one written?

pub mod address;
pub mod attachment;
pub mod authentication;
pub mod body;
pub mod bounce;
pub mod charset;
pub mod compose;
pub mod flowed;
pub mod form;
pub mod forward;
pub mod header;
pub mod html;
pub mod kind;
pub mod language;
pub mod letter;
pub mod markdown;
pub mod marker;
pub mod mime;
pub mod outline;
pub mod parameters;
pub mod quote;
pub mod read;
pub mod subject;
pub mod thanks;
pub mod trace;
pub mod words;
