//! Signatures of the desk: addresses, Message-IDs and headers that nobody else can make.
//!
//! Each serves one purpose, covers the epoch and what it speaks of, and has 80 bits of HMAC-SHA-256 (RFC 2104) in `a-z2-7`.

use std::fmt;

use data_encoding::{Encoding, Specification};
use ring::{digest, hmac};
use subtle::ConstantTimeEq;

use crate::model::{Address, AskNo, ParcelNo, QuarantineNo, TicketNo, Time};

/// The desk's key: 32 random bytes that never leave the data directory.
#[derive(Clone)]
pub struct Key(hmac::Key);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// RFC 4648's base32 in lower case, without padding.
fn base32() -> Encoding {
    let mut spec = Specification::new();
    spec.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    spec.encoding().unwrap_or(data_encoding::BASE32_NOPAD)
}

/// What a signed address asks for. The word is part of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// The agent's text goes to the ticket's customer.
    Answer { ticket: TicketNo },
    /// One command, whatever the text says.
    OneTap { ticket: TicketNo, command: String },
    /// The text becomes a note for the assignee.
    Note { ticket: TicketNo },
    /// Commands for the desk; any other text comes back.
    Desk { ticket: TicketNo },
    /// `#send` or `#drop` for one thing that waits.
    Confirm { ask: AskNo },
    /// A third party's reply to a question; becomes a note.
    Third { ticket: TicketNo },
    /// Something that is set aside becomes a ticket, whatever the text says.
    Release { quarantine: QuarantineNo },
    /// Nothing comes of it: an agent rehearses.
    Practice { parcel: ParcelNo },
}

/// A signed address as it was read, before it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAddress {
    pub token: Token,
    /// Names the person; see [`Key::person_tag`].
    pub person: String,
    signature: String,
}

/// What the signature of a ticket's address covers besides ticket and person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grounds {
    pub created_at: Time,
    pub serial: i64,
}

impl Key {
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    fn sign<S: AsRef<str>>(&self, purpose: &str, fields: &[S]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose.as_bytes());
        for field in fields {
            context.update(b"\0");
            context.update(field.as_ref().as_bytes());
        }
        base32().encode(&context.sign().as_ref()[..10])
    }

    fn verify<S: AsRef<str>>(&self, signature: &str, purpose: &str, fields: &[S]) -> bool {
        self.sign(purpose, fields).as_bytes().ct_eq(signature.as_bytes()).into()
    }

    /// A number from 0 to `below` - 1 that depends on the arguments alone: jitter without chance.
    #[must_use]
    pub fn derived(&self, purpose: &str, fields: &[String], below: u64) -> u64 {
        let word = self.sign(purpose, fields);
        word.bytes().fold(0_u64, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(b))) % below.max(1)
    }

    /// What stands for `text` where it must not stand itself: 26 letters that nobody can make who has not the key.
    #[must_use]
    pub fn fingerprint(&self, purpose: &str, text: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [purpose.as_bytes(), b"\0", text.as_bytes()] {
            context.update(part);
        }
        base32().encode(&context.sign().as_ref()[..16])
    }

    /// Six letters for a person's first address: no secret, but short.
    #[must_use]
    pub fn person_tag(person: &Address) -> String {
        base32().encode(&digest::digest(&digest::SHA256, person.as_str().as_bytes()).as_ref()[..4])[..6].to_owned()
    }

    /// The detail (what stands after `+`) of a signed address.
    #[must_use]
    pub fn detail(&self, epoch: i64, token: &Token, person: &Address, grounds: Grounds) -> String {
        let signature = self.sign(token.purpose(), &token.fields(epoch, person, grounds));
        format!("{}.{}.{signature}", token.head(), Self::person_tag(person))
    }

    /// Whether `read` was signed in this or an earlier epoch for `person` on these grounds.
    #[must_use]
    pub fn admits(&self, epoch: i64, read: &SignedAddress, person: &Address, grounds: Grounds) -> bool {
        read.person == Self::person_tag(person)
            && (1..=epoch)
                .rev()
                .take(64)
                .any(|e| self.verify(&read.signature, read.token.purpose(), &read.token.fields(e, person, grounds)))
    }

    /// The detail of the address to which a mail of ours bounces.
    #[must_use]
    pub fn bounce_detail(&self, epoch: i64, parcel: ParcelNo) -> String {
        format!("b{epoch}.{parcel}.{}", self.sign("bounce", &[epoch.to_string(), parcel.to_string()]))
    }

    /// The parcel whose bounce address has this detail.
    #[must_use]
    pub fn bounced_parcel(&self, detail: &str) -> Option<(i64, ParcelNo)> {
        self.numbered("bounce", detail.strip_prefix('b')?)
    }

    /// The value of `X-Svar-Id`: says that a mail is ours, nothing about its ticket.
    #[must_use]
    pub fn svar_id(&self, epoch: i64, parcel: ParcelNo) -> String {
        format!("{epoch}.{parcel}.{}", self.sign("svar-id", &[epoch.to_string(), parcel.to_string()]))
    }

    /// Epoch and parcel of an `X-Svar-Id`, if this desk made it.
    #[must_use]
    pub fn verify_svar_id(&self, value: &str) -> Option<(i64, ParcelNo)> {
        self.numbered("svar-id", value.trim())
    }

    /// The signature of a mail to ourselves.
    #[must_use]
    pub fn probe_signature(&self, fields: &[String]) -> String {
        self.sign("probe", fields)
    }

    #[must_use]
    pub fn is_probe_signature(&self, signature: &str, fields: &[String]) -> bool {
        self.verify(signature, "probe", fields)
    }

    /// Our Message-ID, without angle brackets: the same for the same epoch and parcel.
    #[must_use]
    pub fn message_id(&self, epoch: i64, parcel: ParcelNo, domain: &str) -> String {
        let signature = self.sign("message-id", &[epoch.to_string(), parcel.to_string()]);
        format!("svar.{epoch}.{parcel}.{signature}@{domain}")
    }

    /// Epoch and parcel of a Message-ID, if this desk made it.
    #[must_use]
    pub fn verify_message_id(&self, message_id: &str) -> Option<(i64, ParcelNo)> {
        let (local, _) = message_id.rsplit_once('@')?;
        self.numbered("message-id", local.strip_prefix("svar.")?)
    }

    /// Whether the parcel on record is the one of which something signed by us speaks. In an epoch that was given up a number may
    /// have stood for another mail; who was erased has left a mail without our Message-ID.
    #[must_use]
    pub fn is_that_parcel(&self, signed: (i64, ParcelNo), no: ParcelNo, message_id: &str) -> bool {
        no == signed.1 && self.verify_message_id(message_id).is_none_or(|own| own == signed)
    }

    /// `epoch.parcel.signature`
    fn numbered(&self, purpose: &str, text: &str) -> Option<(i64, ParcelNo)> {
        let mut parts = text.split('.');
        let (epoch, parcel, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let numbers = (epoch.parse().ok()?, ParcelNo(parcel.parse().ok()?));
        (parts.next().is_none() && self.verify(signature, purpose, &[epoch, parcel])).then_some(numbers)
    }
}

impl Token {
    const fn purpose(&self) -> &'static str {
        match self {
            Self::Answer { .. } => "answer",
            Self::OneTap { .. } => "one-tap",
            Self::Note { .. } => "note",
            Self::Desk { .. } => "desk",
            Self::Confirm { .. } => "confirm",
            Self::Third { .. } => "third",
            Self::Release { .. } => "release",
            Self::Practice { .. } => "practice",
        }
    }

    /// What stands before the person: `t42`, `k42-close`, `n42`, `d42`, `c7`, `q42`, `r3`, `p9`.
    fn head(&self) -> String {
        match self {
            Self::Answer { ticket } => format!("t{ticket}"),
            Self::OneTap { ticket, command } => format!("k{ticket}-{command}"),
            Self::Note { ticket } => format!("n{ticket}"),
            Self::Desk { ticket } => format!("d{ticket}"),
            Self::Confirm { ask } => format!("c{ask}"),
            Self::Third { ticket } => format!("q{ticket}"),
            Self::Release { quarantine } => format!("r{quarantine}"),
            Self::Practice { parcel } => format!("p{parcel}"),
        }
    }

    fn fields(&self, epoch: i64, person: &Address, grounds: Grounds) -> Vec<String> {
        vec![
            epoch.to_string(),
            self.head(),
            grounds.created_at.unix().to_string(),
            grounds.serial.to_string(),
            person.to_string(),
        ]
    }

    /// The other ticket that a one-tap `merge41` names.
    #[must_use]
    pub fn merges_into(&self) -> Option<TicketNo> {
        let Self::OneTap { command, .. } = self else { return None };
        command.strip_prefix("merge").and_then(|n| n.parse().ok()).map(TicketNo)
    }

    /// The ticket it speaks of.
    #[must_use]
    pub const fn ticket(&self) -> Option<TicketNo> {
        match self {
            Self::Answer { ticket }
            | Self::OneTap { ticket, .. }
            | Self::Note { ticket }
            | Self::Desk { ticket }
            | Self::Third { ticket } => Some(*ticket),
            Self::Confirm { .. } | Self::Release { .. } | Self::Practice { .. } => None,
        }
    }
}

impl SignedAddress {
    /// Reads the detail of an address that looks like one of ours.
    #[must_use]
    pub fn parse(detail: &str) -> Option<Self> {
        let mut parts = detail.split('.');
        let (head, person, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let right =
            |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b));
        if parts.next().is_some() || !right(person, 6) || !right(signature, 16) {
            return None;
        }
        let rest = head.get(1..)?;
        let number = |s: &str| s.parse::<i64>().ok().filter(|n| *n >= 0 && s.len() < 19 && !s.starts_with('+'));
        let ticket = || number(rest).map(TicketNo);
        let token = match head.as_bytes().first()? {
            b't' => Token::Answer { ticket: ticket()? },
            b'n' => Token::Note { ticket: ticket()? },
            b'd' => Token::Desk { ticket: ticket()? },
            b'q' => Token::Third { ticket: ticket()? },
            b'r' => Token::Release { quarantine: QuarantineNo(number(rest)?) },
            b'p' => Token::Practice { parcel: ParcelNo(number(rest)?) },
            b'c' => Token::Confirm { ask: AskNo(number(rest)?) },
            b'k' => {
                let (no, command) = rest.split_once('-')?;
                Token::OneTap { ticket: TicketNo(number(no)?), command: command.to_owned() }
            }
            _ => return None,
        };
        Some(Self { token, person: person.to_owned(), signature: signature.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Address {
        Address::parse("anna@example.test").unwrap()
    }

    #[test]
    fn an_address_is_good_for_its_purpose_ticket_person_and_grounds_alone() {
        let key = Key::new(&[7; 32]);
        let grounds = Grounds { created_at: Time::from_unix(1000), serial: 0 };
        let detail = key.detail(2, &Token::Answer { ticket: TicketNo(42) }, &person(), grounds);
        assert!(detail.starts_with("t42.") && detail.len() <= 40, "{detail}");
        let read = SignedAddress::parse(&detail).unwrap();
        assert!(key.admits(2, &read, &person(), grounds));
        assert!(key.admits(3, &read, &person(), grounds), "signed in an earlier epoch");
        assert!(!key.admits(1, &read, &person(), grounds), "signed in an epoch to come");
        assert!(!key.admits(2, &read, &Address::parse("bjorn@example.test").unwrap(), grounds));
        assert!(!key.admits(2, &read, &person(), Grounds { serial: 1, ..grounds }), "replaced");
        assert!(!key.admits(2, &read, &person(), Grounds { created_at: Time::from_unix(1001), ..grounds }));
        assert!(!Key::new(&[8; 32]).admits(2, &read, &person(), grounds));
        for (from, to) in [("t42", "t43"), ("t42", "n42"), ("t42", "d42"), ("t42", "k42-close")] {
            let other = SignedAddress::parse(&detail.replace(from, to)).unwrap();
            assert!(!key.admits(2, &other, &person(), grounds), "{to}");
        }
    }

    #[test]
    fn what_is_no_signed_address_is_none() {
        for bad in [
            "",
            "desk",
            "t42",
            "t42.aaaaaa",
            "t42.aaaaaa.short",
            "x42.aaaaaa.aaaaaaaaaaaaaaaa",
            "t.aaaaaa.aaaaaaaaaaaaaaaa",
            "t-1.aaaaaa.aaaaaaaaaaaaaaaa",
            "t42.aaaaaa.aaaaaaaaaaaaaaa1",
            "ä.b.c",
            "t42.aaaaaa.aaaaaaaaaaaaaaaa.x",
        ] {
            assert_eq!(SignedAddress::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbered_signatures_do_not_carry_over() {
        let key = Key::new(&[7; 32]);
        let id = key.message_id(1, ParcelNo(9), "example.test");
        assert_eq!(key.verify_message_id(&id), Some((1, ParcelNo(9))));
        let is_that = |signed, id: &str| key.is_that_parcel(signed, ParcelNo(9), id);
        assert!(is_that((1, ParcelNo(9)), &id) && is_that((1, ParcelNo(9)), "erased.9"));
        assert!(!is_that((2, ParcelNo(9)), &id) && !is_that((1, ParcelNo(8)), "erased.9"));
        assert_eq!(key.verify_message_id(&id.replace(".9.", ".8.")), None);
        assert_eq!(key.verify_svar_id(&key.svar_id(1, ParcelNo(9))), Some((1, ParcelNo(9))));
        assert_eq!(key.verify_svar_id(id.trim_start_matches("svar.").split('@').next().unwrap()), None);
        assert_eq!(key.bounced_parcel(&key.bounce_detail(3, ParcelNo(4))), Some((3, ParcelNo(4))));
    }
}
