//! Until when servers' certificates are good: learned at each handshake, so that one that is about to expire is noticed in time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustls::CertificateError;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::{Account, tls};
use crate::model::Time;

type Chain = Vec<CertificateDer<'static>>;

/// What each server (host, port) has shown last.
static SHOWN: Mutex<BTreeMap<(String, u16), Chain>> = Mutex::new(BTreeMap::new());

/// Why a server's certificate was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It was good until then.
    Ended(Time),
    /// It will be good from then on.
    NotYet(Time),
    /// It is another server's: of these names.
    Names(Vec<String>),
    /// Nobody whom this machine trusts has signed it.
    Issuer,
    /// What rustls says of it.
    Other(String),
}

/// Why each server (host, port) was refused last.
static REFUSED: Mutex<BTreeMap<(String, u16), Fault>> = Mutex::new(BTreeMap::new());

/// A handshake with this account's server has failed.
pub(super) fn refuse(account: &Account, error: &CertificateError) -> Fault {
    let fault = Fault::of(error);
    let place = (account.host.clone(), account.port);
    REFUSED.lock().unwrap_or_else(PoisonError::into_inner).insert(place, fault.clone());
    fault
}

/// What was wrong with the certificate that this account's server showed when it was last refused.
#[must_use]
pub fn fault(account: &Account) -> Option<Fault> {
    let refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    refused.get(&(account.host.clone(), account.port)).cloned()
}

impl Fault {
    fn of(error: &CertificateError) -> Self {
        let time = |at: &UnixTime| Time::from_unix(i64::try_from(at.as_secs()).unwrap_or(i64::MAX));
        match error {
            CertificateError::ExpiredContext { not_after, .. } => Self::Ended(time(not_after)),
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYet(time(not_before)),
            CertificateError::NotValidForNameContext { presented, .. } => {
                Self::Names(presented.iter().map(|name| bare(name).to_owned()).collect())
            }
            CertificateError::UnknownIssuer => Self::Issuer,
            // One that signed itself.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Self::Issuer,
            other => Self::Other(other.to_string()),
        }
    }
}

/// rustls shows names as `DnsName("mail.example.test")`.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, rest)| rest.trim_end_matches(')'));
    inner.trim_matches('"')
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = |at: &Time| at.to_string().get(..10).unwrap_or_default().to_owned();
        match self {
            Self::Ended(at) => write!(f, "it ended on {}", day(at)),
            Self::NotYet(at) => write!(f, "it is good only from {} on", day(at)),
            Self::Names(names) if names.is_empty() => f.write_str("it bears no name"),
            Self::Names(names) => write!(f, "it is for {}", names.join(", ")),
            Self::Issuer => f.write_str("nobody whom this machine trusts has signed it (unknown issuer)"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

/// Chains are judged no further ahead.
const HORIZON_S: i64 = 3 * 365 * Time::DAY;

/// A handshake with this account's server has succeeded.
pub(super) fn note(account: &Account, chain: Option<&[CertificateDer<'static>]>) {
    let Some(chain) = chain else { return };
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let place = (account.host.clone(), account.port);
    if shown.get(&place).is_none_or(|known| known != chain) {
        shown.insert(place, chain.to_vec());
    }
}

/// Until when the certificate that this account's server has shown is good, with all above it, to the hour and at most three
/// years ahead; `None` if none was seen yet. Blocks for some milliseconds.
#[must_use]
pub fn good_until(account: &Account, now: Time) -> Option<Time> {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let chain = shown.get(&(account.host.clone(), account.port))?.clone();
    drop(shown);
    good_for(account.ca_file.as_deref(), &account.host, &chain, now)
}

/// The verifier itself is asked about later and later times: it knows of every certificate between the server's and the root.
fn good_for(ca_file: Option<&Path>, host: &str, chain: &[CertificateDer<'static>], now: Time) -> Option<Time> {
    let verifier = tls::verifier(ca_file).ok()?;
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let (own, above) = chain.split_first()?;
    let is_good = |at: Time| {
        let seconds = u64::try_from(at.unix()).unwrap_or(0);
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        verifier.verify_server_cert(own, above, &name, &[], at).is_ok()
    };
    let (mut good, mut bad) = (now, now.plus(HORIZON_S));
    if !is_good(good) {
        return Some(now);
    }
    if is_good(bad) {
        return Some(bad);
    }
    while bad.since(good) > Time::HOUR {
        let middle = good.plus(bad.since(good) / 2);
        if is_good(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Some(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_names_and_dates() {
        let at = |seconds: u64| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let check = |error: CertificateError, expect: &str| assert_eq!(Fault::of(&error).to_string(), expect);
        let (time, day) = (at(1_800_000_000), at(1_795_305_600));
        check(CertificateError::ExpiredContext { time, not_after: day }, "it ended on 2026-11-22");
        check(CertificateError::NotValidYetContext { time, not_before: day }, "it is good only from 2026-11-22 on");
        let names = |presented: &[&str]| CertificateError::NotValidForNameContext {
            expected: rustls::pki_types::ServerName::try_from("mail.shop.test").unwrap(),
            presented: presented.iter().map(ToString::to_string).collect(),
        };
        check(names(&["DnsName(\"a.test\")", "*.b.test"]), "it is for a.test, *.b.test");
        check(names(&[]), "it bears no name");
        check(CertificateError::UnknownIssuer, "nobody whom this machine trusts has signed it (unknown issuer)");
        assert_eq!(Fault::of(&CertificateError::Revoked), Fault::Other(CertificateError::Revoked.to_string()));
    }
}
