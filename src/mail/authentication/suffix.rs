//! Domains below which strangers register theirs: nobody who signs for one of these speaks for those below it.
//!
//! A part of the public suffix list: top-level domains, the second levels of countries by their usual names, and the hosts of
//! many. What is missing here only matters where a domain has no DMARC record and its host signs in the name of the suffix.

/// Second levels under which countries let others register, such as `co.uk` and `com.au`.
const SECOND_LEVELS: &[&str] = &[
    "ac", "ad", "art", "asn", "biz", "co", "com", "ed", "edu", "firm", "gen", "go", "gob", "gouv", "gov", "gr", "gv",
    "id", "idf", "ind", "inf", "info", "int", "k12", "lg", "ltd", "me", "med", "mil", "mod", "name", "ne", "net",
    "nhs", "nic", "nom", "or", "org", "plc", "police", "press", "priv", "pro", "pp", "re", "sch", "school", "store",
    "tm", "waw", "web",
];

/// Hosts that give a name below theirs to anybody.
const HOSTS: &[&str] = &[
    "amazonaws.com",
    "appspot.com",
    "azurewebsites.net",
    "blogspot.com",
    "cloudfront.net",
    "dyndns.org",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "myshopify.com",
    "netlify.app",
    "no-ip.org",
    "onmicrosoft.com",
    "onrender.com",
    "pages.dev",
    "sharepoint.com",
    "vercel.app",
    "web.app",
    "wixsite.com",
    "wordpress.com",
    "workers.dev",
];

/// Whether strangers register below `domain` (lower case, ASCII).
#[must_use]
pub fn is_public_suffix(domain: &str) -> bool {
    let Some((rest, top)) = domain.rsplit_once('.') else { return true };
    let country = top.len() == 2;
    (country && SECOND_LEVELS.contains(&rest)) || HOSTS.contains(&domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes() {
        for suffix in ["test", "se", "co.uk", "com.au", "github.io", "onmicrosoft.com", ""] {
            assert!(is_public_suffix(suffix), "{suffix}");
        }
        for own in ["example.test", "butik.se", "example.co.uk", "bbc.com", "anna.github.io", "com.example.test"] {
            assert!(!is_public_suffix(own), "{own}");
        }
    }
}
