//! Where the shop is: its time zone, its language, its holidays, by the machine and by the address's country.

use std::path::Path;

use jiff::tz::TimeZone;

use crate::sla::holidays::Country;

/// A country's domain, its time zone, its holidays where they are known.
const COUNTRIES: &[(&str, &str, Option<Country>)] = &[
    ("se", "Europe/Stockholm", Some(Country::Se)),
    ("no", "Europe/Oslo", Some(Country::No)),
    ("dk", "Europe/Copenhagen", Some(Country::Dk)),
    ("fi", "Europe/Helsinki", Some(Country::Fi)),
    ("is", "Atlantic/Reykjavik", Some(Country::Is)),
    ("de", "Europe/Berlin", Some(Country::De)),
    ("uk", "Europe/London", Some(Country::Gb)),
    ("at", "Europe/Vienna", None),
    ("be", "Europe/Brussels", None),
    ("ch", "Europe/Zurich", None),
    ("cz", "Europe/Prague", None),
    ("ee", "Europe/Tallinn", None),
    ("es", "Europe/Madrid", None),
    ("fr", "Europe/Paris", None),
    ("ie", "Europe/Dublin", None),
    ("it", "Europe/Rome", None),
    ("lt", "Europe/Vilnius", None),
    ("lv", "Europe/Riga", None),
    ("nl", "Europe/Amsterdam", None),
    ("pl", "Europe/Warsaw", None),
    ("pt", "Europe/Lisbon", None),
];

/// What the machine and the address say, as far as they do.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `$TZ`.
    pub tz: Option<String>,
    /// What `/etc/localtime` is a link to.
    pub localtime: Option<String>,
    /// `$LC_ALL`, `$LC_MESSAGES`, `$LANG`: the first that is set.
    pub locale: Option<String>,
}

impl Surroundings {
    pub fn of_this_machine() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let link = std::fs::read_link("/etc/localtime").ok();
        Self {
            tz: set("TZ"),
            localtime: link.as_deref().and_then(Path::to_str).map(str::to_owned),
            locale: ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set),
        }
    }

    /// The machine's own, unless it is a server that runs on UTC and the address has a country; `None` if neither says.
    pub fn time_zone(&self, domain: &str) -> Option<String> {
        let of_country = country(domain).map(|c| c.1.to_owned());
        let own = self.own_zone();
        let is_utc = own.as_ref().is_some_and(|z| {
            ["UTC", "Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "GMT", "Etc/GMT"].contains(&z.as_str())
        });
        if is_utc { of_country.or(own) } else { own.or(of_country) }
    }

    fn own_zone(&self) -> Option<String> {
        let linked = self.localtime.as_deref().and_then(|path| path.split_once("zoneinfo/")).map(|(_, name)| name);
        let named = [self.tz.as_deref().map(|z| z.trim_start_matches(':')), linked];
        named.into_iter().flatten().find(|name| TimeZone::get(name).is_ok()).map(str::to_owned)
    }

    /// One that svar speaks.
    pub fn language(&self, domain: &str) -> &'static str {
        let locale = self.locale.as_deref().unwrap_or_default();
        if domain.ends_with(".se") || locale.starts_with("sv") { "sv" } else { "en" }
    }
}

fn country(domain: &str) -> Option<&'static (&'static str, &'static str, Option<Country>)> {
    let top = domain.rsplit('.').next().unwrap_or_default();
    COUNTRIES.iter().find(|(code, ..)| code.eq_ignore_ascii_case(top))
}

/// Whose holidays are kept: the address's country's, else those of the time zone's.
pub fn holidays(domain: &str, time_zone: &str) -> Option<Country> {
    let of_zone = || COUNTRIES.iter().find(|(_, zone, _)| *zone == time_zone);
    country(domain).or_else(of_zone).and_then(|(_, _, holidays)| *holidays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_shop_is() {
        let check = |tz: Option<&str>, link: Option<&str>, domain: &str, expect: Option<&str>| {
            let around = Surroundings { tz: tz.map(str::to_owned), localtime: link.map(str::to_owned), locale: None };
            assert_eq!(around.time_zone(domain).as_deref(), expect, "{tz:?} {link:?} {domain}");
        };
        let helsinki = Some("/usr/share/zoneinfo/Europe/Helsinki");
        check(None, helsinki, "shop.se", Some("Europe/Helsinki"));
        check(Some(":Europe/Oslo"), helsinki, "shop.se", Some("Europe/Oslo"));
        check(Some("Nowhere/At_all"), helsinki, "shop.se", Some("Europe/Helsinki"));
        check(None, Some("../usr/share/zoneinfo/Etc/UTC"), "shop.se", Some("Europe/Stockholm"));
        check(None, Some("/usr/share/zoneinfo/UTC"), "shop.com", Some("UTC"));
        check(None, None, "shop.co.uk", Some("Europe/London"));
        check(None, None, "shop.com", None);
    }

    #[test]
    fn its_language_and_holidays() {
        let check = |locale: &str, domain: &str, zone: &str, language: &str, country: Option<&str>| {
            let around = Surroundings { locale: Some(locale.to_owned()), ..Surroundings::default() };
            assert_eq!(
                (around.language(domain), holidays(domain, zone).map(Country::code)),
                (language, country),
                "{domain}"
            );
        };
        check("C.UTF-8", "shop.se", "UTC", "sv", Some("SE"));
        check("sv_SE.UTF-8", "shop.com", "Europe/Stockholm", "sv", Some("SE"));
        check("en_US.UTF-8", "shop.com", "America/New_York", "en", None);
        check("de_DE.UTF-8", "shop.de", "Europe/Berlin", "en", Some("DE"));
        check("C", "shop.nl", "Europe/Stockholm", "en", None);
    }
}
