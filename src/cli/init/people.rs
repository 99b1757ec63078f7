//! Who answers and who wants to know: names and addresses as people write them, and which of them cannot be.

use crate::model::Address;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Human {
    pub name: String,
    pub address: Address,
}

/// `Anna Andersson <anna@example.test>`, `Anna anna@example.test`, or an address alone.
pub fn human(text: &str) -> Result<Human, String> {
    let wrong =
        || format!("{text:?} is nobody: write a name and an address, such as Anna Andersson <anna@example.test>");
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
        Some((name, address)) => (name, address),
        None => text.rsplit_once(char::is_whitespace).unwrap_or(("", text)),
    };
    let address = Address::parse(address.trim()).ok_or_else(wrong)?;
    let name = name.trim().trim_matches(['"', ',']).trim();
    if name.contains('@') || name.contains(char::is_control) {
        return Err(wrong());
    }
    let name = if name.is_empty() { from_local_part(address.local()) } else { name.to_owned() };
    Ok(Human { name, address })
}

/// `anna.andersson` is Anna Andersson.
fn from_local_part(local: &str) -> String {
    let words = local.split(['.', '_', '-']).filter(|w| !w.is_empty());
    let named: Vec<String> = words.map(capitalised).collect();
    if named.is_empty() { local.to_owned() } else { named.join(" ") }
}

pub fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Why `one` cannot be an agent or a manager beside `others`; `role` is what those are.
pub fn clash(one: &Human, others: &[Human], mailbox: &Address, role: &str) -> Option<String> {
    let address = &one.address;
    if address.plain() == mailbox.plain() {
        return Some(format!("{address} is the mailbox's own address; write one that {} reads elsewhere", one.name));
    }
    let other = others.iter().find(|other| other.address == *address)?;
    Some(if other.name == one.name {
        format!("{address} is written twice; write each {role} once")
    } else {
        format!("{address} is {}'s already; two {role}s cannot share an address", other.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_as_people_write_her() {
        let check = |text: &str, expect: Option<(&str, &str)>| {
            let read = human(text).ok().map(|h| (h.name, h.address.to_string()));
            assert_eq!(read, expect.map(|(n, a)| (n.to_owned(), a.to_owned())), "{text:?}");
        };
        check("Anna Andersson <anna@shop.test>", Some(("Anna Andersson", "anna@shop.test")));
        check("\"Öberg, Åsa\" <asa@shop.test>", Some(("Öberg, Åsa", "asa@shop.test")));
        check("Anna anna@shop.test", Some(("Anna", "anna@shop.test")));
        check("anna.andersson@shop.test", Some(("Anna Andersson", "anna.andersson@shop.test")));
        check("<bo@shop.test>", Some(("Bo", "bo@shop.test")));
        for wrong in ["", "Anna", "Anna <anna>", "anna@a.test bo@b.test", "Anna <anna@shop.test> x"] {
            check(wrong, None);
        }
    }

    #[test]
    fn who_cannot_be_an_agent() {
        let mailbox = Address::parse("info@shop.test").unwrap();
        let others = [human("Anna <anna@shop.test>").unwrap()];
        let check = |text: &str, expect: Option<&str>| {
            let why = clash(&human(text).unwrap(), &others, &mailbox, "agent");
            assert_eq!(why.is_some(), expect.is_some(), "{text}: {why:?}");
            assert!(expect.is_none_or(|says| why.as_ref().is_some_and(|w| w.contains(says))), "{why:?}");
        };
        check("Bo <bo@shop.test>", None);
        check("Anna <ANNA@shop.test>", Some("written twice"));
        check("Bo <anna@shop.test>", Some("is Anna's already"));
        check("Bo <info@shop.test>", Some("mailbox's own address"));
        check("Bo <info+bo@shop.test>", Some("mailbox's own address"));
    }
}
