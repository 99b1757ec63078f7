//! The carriers of parcels that are known: how they are called, how their parcels are numbered, links and telephones.
//!
//! What has a check digit is believed by it; what has none only where the carrier's name stands near. Sources: UPU S10; GS1 General
//! Specifications (SSCC, check digit); the carriers' own pages of tracking. Telephones are of Sweden, and only such as could be
//! confirmed: `[[answers.carrier]]` gives others.

use regex::Regex;

/// A carrier, and where its parcels can be followed.
#[derive(Clone, Debug)]
pub struct Carrier {
    pub name: String,
    /// `{number}` stands for the parcel's.
    pub link: String,
    pub phone: Option<String>,
    /// What its numbers look like besides, where the configuration says so. The name must stand near.
    pub pattern: Option<Regex>,
}

pub const POSTNORD: &str = "PostNord";
pub const DHL: &str = "DHL";
pub const BRING: &str = "Bring";
pub const SCHENKER: &str = "DB Schenker";
pub const BUDBEE: &str = "Budbee";
pub const INSTABOX: &str = "Instabox";
pub const UPS: &str = "UPS";

/// Name, link, telephone.
const STANDARD: &[(&str, &str, Option<&str>)] = &[
    (POSTNORD, "https://tracking.postnord.com/se/?id={number}", Some("0771-33 33 10")),
    (DHL, "https://www.dhl.com/se-sv/home/tracking.html?tracking-id={number}", Some("0771-345 345")),
    (BRING, "https://tracking.bring.com/tracking/{number}", None),
    (SCHENKER, "https://www.dbschenker.com/app/tracking-public/?refNumber={number}", None),
    (BUDBEE, "https://tracking.budbee.com/{number}", None),
    (INSTABOX, "https://track.instabox.io/{number}", None),
    (UPS, "https://www.ups.com/track?loc=sv_SE&tracknum={number}", None),
];

/// Those that are built in.
#[must_use]
pub fn standard() -> Vec<Carrier> {
    STANDARD
        .iter()
        .map(|(name, link, phone)| Carrier {
            name: (*name).to_owned(),
            link: (*link).to_owned(),
            phone: phone.map(str::to_owned),
            pattern: None,
        })
        .collect()
}

/// How people call a carrier besides by its name. `bring` in small letters is a word of English.
pub(super) const CALLED: &[(&str, &[&str])] = &[
    (POSTNORD, &["postnord", "Postnord", "POSTNORD", "Post Nord", "post nord"]),
    (DHL, &["dhl", "Dhl"]),
    (BRING, &["BRING", "Posten Norge"]),
    (SCHENKER, &["Schenker", "schenker", "SCHENKER"]),
    (BUDBEE, &["budbee", "BudBee", "BUDBEE"]),
    (INSTABOX, &["instabox", "InstaBox", "INSTABOX", "Instabee", "instabee"]),
    (UPS, &[]),
];

/// Whose GS1 company prefix stands behind the first digit of an SSCC.
pub(super) const COMPANIES: &[(&str, &str)] = &[("7331343", SCHENKER), ("7350048", POSTNORD), ("70", BRING)];

/// Whose an S10 number is, by its country.
pub(super) const COUNTRIES: &[(&str, &str)] = &[("SE", POSTNORD), ("DK", POSTNORD), ("NO", BRING)];
