//! What the results of the one trusted server say of a letter's From: DMARC, DKIM and SPF, with their alignment (RFC 7489, 3.1).

use crate::mail::authentication::suffix::is_public_suffix;
use crate::mail::letter::{AuthenticationResults, Hop, Letter, MethodResult};
use crate::model::Address;

/// The name in the configuration for results that bear no id, as Microsoft 365 writes them.
pub const MICROSOFT_365: &str = "microsoft365";

/// What a trusted server found out about a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// There are results of it that count.
    pub counted: bool,
    /// DMARC's result for the domain of From: `pass`, `fail`, `none` …
    pub dmarc: Option<String>,
    pub dkim: Vec<Signed>,
    pub spf: Option<Signed>,
    /// Why From is proved; `None` where it is not.
    pub proved: Option<&'static str>,
}

/// A result of DKIM or SPF, and for which domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    pub result: String,
    pub domain: String,
    /// The domain is that of From, or one above it that is no public suffix.
    pub aligned: bool,
}

/// Judges by the results of `trusted` (an authserv-id, or [`MICROSOFT_365`]) alone.
#[must_use]
pub fn verdict(letter: &Letter, trusted: &str) -> Verdict {
    let fields = counted(letter, trusted);
    let mut out = Verdict { counted: !fields.is_empty(), ..Verdict::default() };
    // Two authors, or one that cannot be read, are nobody.
    let Some(from) = letter.from.as_ref().filter(|_| letter.from_is_single) else { return out };
    let domain = from.address.domain();
    let of = |method: &str| -> Vec<&MethodResult> {
        // Of each method the topmost field that speaks of it counts.
        let field = fields.iter().find(|f| f.results.iter().any(|r| r.method == method));
        field.map(|f| f.results.iter().filter(|r| r.method == method).collect()).unwrap_or_default()
    };
    let signed = |r: &MethodResult, domain_of: Option<String>| {
        let signer = domain_of.unwrap_or_default();
        Signed { result: r.result.clone(), aligned: is_aligned(&signer, domain), domain: signer }
    };
    out.dkim = of("dkim")
        .into_iter()
        .map(|r| signed(r, property(r, "header.d").or_else(|| property(r, "header.i"))))
        .collect();
    out.spf = of("spf").first().map(|r| signed(r, property(r, "smtp.mailfrom").or_else(|| property(r, "smtp.helo"))));
    let dmarc = of("dmarc");
    let passes = |r: &&MethodResult| r.result == "pass" && property(r, "header.from").is_some_and(|f| f == domain);
    // `bestguesspass`: the domain says nothing, and Microsoft guesses.
    let says_nothing = |r: &&MethodResult| matches!(r.result.as_str(), "none" | "bestguesspass");
    out.dmarc = dmarc.iter().find(|r| !says_nothing(r)).or(dmarc.first()).map(|r| r.result.clone());
    let signature = out.dkim.iter().any(|d| d.result == "pass" && d.aligned);
    out.proved = if !dmarc.is_empty() && dmarc.iter().all(passes) {
        Some("dmarc=pass")
    } else if dmarc.iter().all(says_nothing) && signature {
        Some("aligned dkim=pass")
    } else {
        None
    };
    out
}

/// Whether `hop` was written by the trusted server.
#[must_use]
pub fn is_trusted_hop(hop: &Hop, trusted: &str) -> bool {
    if trusted.eq_ignore_ascii_case(MICROSOFT_365) {
        // Front ends call themselves `…outlook.office365.com`, all that stands behind them `…prod.outlook.com`.
        ["outlook.com", "office365.com"]
            .iter()
            .any(|house| hop.by.strip_suffix(house).is_some_and(|above| above.is_empty() || above.ends_with('.')))
    } else {
        hop.by.eq_ignore_ascii_case(trusted) || is_within(hop)
    }
}

/// A hand-over within one machine or house, which takes nothing from another server: no `from`, or a name that is none.
fn is_within(hop: &Hop) -> bool {
    hop.from.is_empty() || hop.by == "localhost" || hop.by.ends_with(".localdomain")
}

/// The results that count: the topmost by that id, if no Received of another server stands above it; and those right below it
/// by the same id, where it is sure that they stand above the point at which the mail came in. What stands below that point
/// was perhaps written by whoever sent the mail.
fn counted<'l>(letter: &'l Letter, trusted: &str) -> Vec<&'l AuthenticationResults> {
    let microsoft = trusted.eq_ignore_ascii_case(MICROSOFT_365);
    let named = |a: &AuthenticationResults| {
        if microsoft { a.authserv_id.is_empty() } else { a.authserv_id.eq_ignore_ascii_case(trusted) }
    };
    let above = |a: &AuthenticationResults| letter.received.iter().take(a.received_above);
    let is_first = |a: &AuthenticationResults| named(a) && above(a).all(|h| is_trusted_hop(h, trusted));
    let Some(at) = letter.authentication.iter().position(is_first) else { return Vec::new() };
    let first = &letter.authentication[at];
    // Nobody outside can deliver over LMTP or without a name.
    let inside = above(first).all(|h| h.with.starts_with("LMTP") || h.from.is_empty())
        && letter.received.get(first.received_above).is_some_and(|h| h.by.eq_ignore_ascii_case(trusted));
    let more = letter.authentication[at + 1..].iter();
    let more = more.take_while(|a| inside && !microsoft && named(a) && a.received_above == first.received_above);
    std::iter::once(first).chain(more).collect()
}

/// The domain that a property names, whether bare, after an `@`, or in an address.
fn property(r: &MethodResult, name: &str) -> Option<String> {
    let value = &r.properties.iter().find(|(n, _)| n == name)?.1;
    let domain = value.rsplit('@').next().unwrap_or(value).trim_end_matches('.');
    // As From has it: ASCII, lower case.
    Address::parse(&format!("x@{domain}")).map(|a| a.domain().to_owned())
}

/// Relaxed alignment towards the author: `signer` is his domain or one above it.
fn is_aligned(signer: &str, domain: &str) -> bool {
    let above = domain.strip_suffix(signer).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    above && !signer.is_empty() && !is_public_suffix(signer)
}
