//! Parcel numbers in what a customer wrote: whose they are, and where the parcel can be followed.

pub mod carriers;

use std::sync::LazyLock;

use regex::Regex;

pub use carriers::Carrier;
use carriers::{BRING, BUDBEE, CALLED, COMPANIES, COUNTRIES, DHL, INSTABOX, POSTNORD, SCHENKER, UPS};

/// A parcel that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// The carrier's name.
    pub carrier: String,
    /// Without blanks, in capitals.
    pub number: String,
    /// Where it can be followed.
    pub link: String,
    pub phone: Option<String>,
    /// The rule by which the number was believed.
    pub how: &'static str,
}

/// A carrier's name stands near a number within so many bytes on either side.
const NEAR_BYTES: usize = 120;
/// So much of a text is looked at.
const TEXT_MAX_BYTES: usize = 100_000;

/// One way to number parcels.
struct Rule {
    what: &'static str,
    pattern: &'static str,
    /// Whose the number is; `None`: nobody's whom we know. `near`: the carriers that are named around it, the nearest first.
    whose: fn(number: &str, near: &[&'static str]) -> Option<&'static str>,
}

/// The surest first.
const TABLE: &[Rule] = &[
    Rule { what: "1Z, mod 10", pattern: r"(?i)\b1Z(?:[ -]?[0-9A-Z]){16}\b", whose: |n, _| is_ups(n).then_some(UPS) },
    Rule {
        what: "UPU S10, mod 11",
        pattern: r"(?i)\b[A-Z]{2}(?:[ -]?\d){9}[ -]?[A-Z]{2}\b",
        whose: |n, near| {
            let own = COUNTRIES.iter().find(|(country, _)| n.ends_with(country)).map(|(_, whose)| *whose);
            let post = || near.iter().copied().find(|c| [POSTNORD, BRING].contains(c));
            if is_s10(n) { own.or_else(post) } else { None }
        },
    },
    Rule {
        what: "SSCC, GS1 mod 10",
        pattern: r"\b(?:\(00\)|00)?[ ]?\d(?:[ -]?\d){17}\b",
        whose: |n, near| {
            let company = |c: &&(&str, &'static str)| n.get(1..).is_some_and(|rest| rest.starts_with(c.0));
            let by_company = || COMPANIES.iter().find(company).map(|(_, whose)| *whose);
            let of_parcels = |c: &&&'static str| ![UPS, BUDBEE, INSTABOX].contains(*c);
            if is_gs1(n) { near.iter().find(of_parcels).copied().or_else(by_company) } else { None }
        },
    },
    Rule {
        what: "Bring's shipment, GS1 mod 10",
        pattern: r"\b70(?:[ -]?\d){15}\b",
        whose: |n, _| is_gs1(n).then_some(BRING),
    },
    Rule {
        what: "DHL Express, mod 7",
        pattern: r"\b\d{2}[ ]?\d{4}[ ]?\d{4}\b|\b\d{4}[ -]?\d{4}[ -]?\d{2}\b",
        whose: |n, near| (is_mod_7(n) && near.contains(&DHL)).then_some(DHL),
    },
    // No check digit: the carrier must be named.
    Rule {
        what: "DHL's piece",
        pattern: r"(?i)\bJ(?:JD|D|VGL)(?:[ -]?\d){16,20}\b",
        whose: |_, near| near.contains(&DHL).then_some(DHL),
    },
    Rule {
        what: "Schenker's STT",
        pattern: r"(?i)\bSE[A-Z]{3}\d{9,10}\b",
        whose: |_, near| near.contains(&SCHENKER).then_some(SCHENKER),
    },
    Rule {
        what: "Instabox's parcel",
        pattern: r"(?i)\b[A-Z]{2}\d{10,12}\b",
        whose: |_, near| near.contains(&INSTABOX).then_some(INSTABOX),
    },
    Rule {
        what: "Budbee's order",
        pattern: r"\b\d{8,10}\b",
        whose: |_, near| (near.first() == Some(&BUDBEE)).then_some(BUDBEE),
    },
];

/// Links of carriers whose numbers only these tell.
const LINKS: &[(&str, &str)] = &[
    (BUDBEE, r"(?i)\btrack(?:ing)?\.budbee\.com/(?:\?packageId=)?([0-9a-z-]{6,40})"),
    (INSTABOX, r"(?i)\btrack\.instabox\.(?:io|se)/(?:[a-z]{2}-[a-z]{2}/)?([0-9a-z-]{6,40})"),
];

static PATTERNS: LazyLock<Vec<(&'static Rule, Regex)>> =
    LazyLock::new(|| TABLE.iter().filter_map(|r| Some((r, Regex::new(r.pattern).ok()?))).collect());
static LINK_PATTERNS: LazyLock<Vec<(&'static str, Regex)>> =
    LazyLock::new(|| LINKS.iter().filter_map(|(c, p)| Some((*c, Regex::new(p).ok()?))).collect());

/// The parcels that a text names, the surest first. `carriers`: see [`carriers::standard`].
#[must_use]
pub fn find(text: &str, carriers: &[Carrier]) -> Vec<Shipment> {
    let text = head(text, TEXT_MAX_BYTES);
    let mut found: Vec<Shipment> = Vec::new();
    let mut add = |carrier: &Carrier, number: String, how: &'static str| {
        if !found.iter().any(|f| f.number == number || f.number.contains(&number)) {
            found.push(Shipment {
                carrier: carrier.name.clone(),
                link: carrier.link.replace("{number}", &number),
                phone: carrier.phone.clone(),
                number,
                how,
            });
        }
    };
    let called = |name: &str| carriers.iter().find(|c| c.name == name);
    for (name, pattern) in LINK_PATTERNS.iter() {
        for link in pattern.captures_iter(text) {
            if let (Some(carrier), Some(number)) = (called(name), link.get(1)) {
                add(carrier, number.as_str().to_owned(), "the carrier's link");
            }
        }
    }
    for carrier in carriers {
        for hit in carrier.pattern.iter().flat_map(|p| p.find_iter(text)) {
            let (from, to) = (hit.start(), hit.end());
            if around(text, from, to)
                .iter()
                .any(|(piece, _)| piece.to_lowercase().contains(&carrier.name.to_lowercase()))
            {
                add(carrier, plain(hit.as_str()), "the configuration");
            }
        }
    }
    for (rule, pattern) in PATTERNS.iter() {
        for hit in pattern.find_iter(text) {
            let number = plain(hit.as_str());
            let number = match number.strip_prefix("00") {
                Some(sscc) if number.len() == 20 => sscc.to_owned(),
                _ => number,
            };
            let near = named(text, hit.start(), hit.end());
            if let Some(carrier) = (rule.whose)(&number, &near).and_then(called) {
                add(carrier, number, rule.what);
            }
        }
    }
    found
}

/// Letters and digits, in capitals.
fn plain(written: &str) -> String {
    written.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

fn head(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or_default();
    &text[..end]
}

/// What stands before and after a number; the second counts from its beginning.
fn around(text: &str, from: usize, to: usize) -> [(&str, bool); 2] {
    let start = (0..=from.saturating_sub(NEAR_BYTES)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or_default();
    [(&text[start..from], true), (head(&text[to..], NEAR_BYTES), false)]
}

/// The carriers that are named around a number, the nearest first.
fn named(text: &str, from: usize, to: usize) -> Vec<&'static str> {
    let mut near: Vec<(usize, &'static str)> = Vec::new();
    for (piece, before) in around(text, from, to) {
        for (name, others) in CALLED {
            for word in std::iter::once(name).chain(*others) {
                for (at, _) in piece.match_indices(word) {
                    let end = at + word.len();
                    let inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                    // `PostNords` and `DHL:s` are said, too; `groups` is no UPS.
                    if !inner(piece[..at].chars().next_back()) {
                        near.push((if before { piece.len() - end } else { at }, *name));
                    }
                }
            }
        }
    }
    near.sort_unstable();
    let mut names: Vec<&'static str> = Vec::new();
    for (_, name) in near {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn digits(number: &str) -> Option<Vec<u32>> {
    number.chars().map(|c| c.to_digit(10)).collect()
}

/// GS1's check digit: weights 3 and 1 in turn from the right, to the next ten.
fn is_gs1(number: &str) -> bool {
    let Some(digits) = digits(number) else { return false };
    let Some((check, rest)) = digits.split_last() else { return false };
    let sum: u32 = rest.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { 3 * d } else { *d }).sum();
    // Eighteen noughts add up as well.
    sum > 0 && (10 - sum % 10) % 10 == *check
}

/// UPU S10: weights 8 6 4 2 3 5 9 7, mod 11; 10 is written 0, and 11 is written 5.
fn is_s10(number: &str) -> bool {
    let Some(digits) = number.get(2..11).and_then(digits) else { return false };
    let Some((check, rest)) = digits.split_last() else { return false };
    let sum: u32 = rest.iter().zip([8, 6, 4, 2, 3, 5, 9, 7]).map(|(d, w)| d * w).sum();
    let wanted = match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => digit,
    };
    sum > 0 && wanted == *check
}

/// UPS: behind `1Z` every second of fifteen counts double, letters by their place, to the next ten.
fn is_ups(number: &str) -> bool {
    let value = |c: char| c.to_digit(10).or_else(|| c.is_ascii_uppercase().then(|| (u32::from(c) - 63) % 10));
    let Some(values) = number.get(2..).and_then(|n| n.chars().map(value).collect::<Option<Vec<u32>>>()) else {
        return false;
    };
    let Some((check, rest)) = values.split_last() else { return false };
    let sum: u32 = rest.iter().enumerate().map(|(i, v)| if i % 2 == 1 { 2 * v } else { *v }).sum();
    sum > 0 && (10 - sum % 10) % 10 == *check
}

/// DHL Express: what is left of the first nine digits by seven.
fn is_mod_7(number: &str) -> bool {
    let (Some(Ok(rest)), Some(Ok(check))) =
        (number.get(..9).map(str::parse::<u64>), number.get(9..).map(str::parse::<u64>))
    else {
        return false;
    };
    rest > 0 && rest % 7 == check
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(&str, &str)]) {
        let found = find(text, &carriers::standard());
        let found: Vec<(&str, &str)> = found.iter().map(|s| (s.carrier.as_str(), s.number.as_str())).collect();
        assert_eq!(found, expect, "{text}");
    }

    /// Numbers made for this test, their check digits reckoned by hand or by another program.
    #[test]
    fn check_digits() {
        // 1·8+2·6+3·4+4·2+5·3+6·5+7·9+8·7 = 204; 204 mod 11 = 6; 11 − 6 = 5.
        for (number, right) in [
            ("RR123456785SE", true),
            ("RR123456784SE", false),
            ("CP003712345SE", true),
            ("UA473124801SE", true),
            ("XX000000000SE", false),
        ] {
            assert_eq!(is_s10(number), right, "{number}");
        }
        for (number, right) in [
            ("373500489530471236", true),
            ("373500489530471235", false),
            ("370725380000123456", true),
            ("573313432007339003", true),
            ("000000000000000000", false),
        ] {
            assert_eq!(is_gs1(number), right, "{number}");
        }
        for (number, right) in
            [("1Z999AA10123456784", true), ("1Z999AA10123456785", false), ("1ZA1234E6802052719", true)]
        {
            assert_eq!(is_ups(number), right, "{number}");
        }
        // 123456789 = 7 · 17636684 + 1.
        for (number, right) in
            [("1234567891", true), ("1234567890", false), ("3141592650", true), ("0000000000", false)]
        {
            assert_eq!(is_mod_7(number), right, "{number}");
        }
    }

    #[test]
    fn numbers_and_whose_they_are() {
        check("Kollinr RR 123 456 785 SE, var är det?", &[("PostNord", "RR123456785SE")]);
        check("rr123456785se", &[("PostNord", "RR123456785SE")]);
        check("RR123456784SE", &[]);
        check("Paketet LX123456785NO", &[("Bring", "LX123456785NO")]);
        check("LX123456785CN", &[]);
        check("Hos PostNord: LX123456785CN", &[("PostNord", "LX123456785CN")]);
        check("3735 0048 9530 4712 36", &[("PostNord", "373500489530471236")]);
        check("00373500489530471236", &[("PostNord", "373500489530471236")]);
        check("(00)370725380000123456", &[("Bring", "370725380000123456")]);
        check("70725380000051451", &[("Bring", "70725380000051451")]);
        check("373323123456789015", &[]);
        check("DHL säger 373323123456789015 men det kommer inte", &[("DHL", "373323123456789015")]);
        check("573313432007339003", &[("DB Schenker", "573313432007339003")]);
        check("Sändning SEGOT123456789 med Schenker", &[("DB Schenker", "SEGOT123456789")]);
        check("Order SEGOT123456789", &[]);
        check("DHL 12 3456 7891", &[("DHL", "1234567891")]);
        check("DHL 1234567890", &[]);
        check("Ring mig 1234567891", &[]);
        check("DHL JJD000390007812345678", &[("DHL", "JJD000390007812345678")]);
        check("1Z 999 AA1 01 2345 6784", &[("UPS", "1Z999AA10123456784")]);
        check("1Z999AA10123456785", &[]);
        check("Instabox ZA010001122183", &[("Instabox", "ZA010001122183")]);
        check("https://track.instabox.io/sv-SE/ZA010001122183", &[("Instabox", "ZA010001122183")]);
        check("Budbee skulle komma med 21653214 i går", &[("Budbee", "21653214")]);
        check("Följ: https://tracking.budbee.com/a1b2c3d4e5", &[("Budbee", "a1b2c3d4e5")]);
        check("Two groups bring 12345678 things", &[]);
        check("DHL kom inte, men PostNord 373323123456789015 kom", &[("PostNord", "373323123456789015")]);
        check(
            "UPS 1Z999AA10123456784 och PostNord RR123456785SE",
            &[("UPS", "1Z999AA10123456784"), ("PostNord", "RR123456785SE")],
        );
    }

    #[test]
    fn what_the_configuration_adds() {
        let mut all = carriers::standard();
        all.push(Carrier {
            name: "Citymail".to_owned(),
            link: "https://citymail.example/{number}".to_owned(),
            phone: Some("08-12".to_owned()),
            pattern: Some(Regex::new(r"CM\d{6}").unwrap()),
        });
        let found = find("citymail har CM123456", &all);
        assert_eq!(found[0].link, "https://citymail.example/CM123456");
        assert!(find("Order CM123456", &all).is_empty());
    }

    #[test]
    fn long_and_odd_texts_end() {
        assert!(find(&"å".repeat(200_000), &carriers::standard()).is_empty());
        assert!(find(&"1 ".repeat(50_000), &carriers::standard()).is_empty());
        assert!(find("1Zåäö 00 å1234567891", &carriers::standard()).is_empty());
    }
}
