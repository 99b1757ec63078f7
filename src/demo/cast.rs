//! Who plays: fifty customers, three agents, a shop, and what they write.

/// The shop's shared address, and its mail server's name in Authentication-Results.
pub const SHOP: &str = "support@exempelbutiken.example";
pub const SHOP_NAME: &str = "Exempelbutiken";
pub const SERVER: &str = "mx.exempelbutiken.example";

/// How an agent's mail client quotes the mail that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// `Den … skrev …:` and lines behind `> `.
    Neomutt,
    /// A block of Från, Skickat, Till, Ämne, and the mail below it as it was.
    Outlook,
    /// `Skickat från min iPhone`, then quoted lines.
    IPhone,
}

#[derive(Clone, Copy, Debug)]
pub struct Agent {
    pub name: &'static str,
    pub address: &'static str,
    pub client: Client,
    /// How long an answer takes to write, in minutes.
    pub pace_min: i64,
}

pub const AGENTS: &[Agent] = &[
    Agent { name: "Anna Andersson", address: "anna@exempelbutiken.example", client: Client::Neomutt, pace_min: 13 },
    Agent { name: "Björn Berg", address: "bjorn@exempelbutiken.example", client: Client::Outlook, pace_min: 19 },
    Agent { name: "Cissi Ceder", address: "cissi@exempelbutiken.example", client: Client::IPhone, pace_min: 11 },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Customer {
    pub name: &'static str,
    pub address: &'static str,
}

impl Customer {
    pub fn first_name(self) -> &'static str {
        self.name.split(' ').next().unwrap_or(self.name)
    }
}

const fn c(name: &'static str, address: &'static str) -> Customer {
    Customer { name, address }
}

pub const CUSTOMERS: &[Customer] = &[
    c("Maja Lindqvist", "maja.lindqvist@brevet.example"),
    c("Oskar Nyström", "oskar.nystrom@posten.example"),
    c("Elsa Hedlund", "elsa@hedlund.example"),
    c("Hugo Sandberg", "hugo.sandberg@brevet.example"),
    c("Alva Björk", "alva.bjork@skolan.example"),
    c("Liam Öberg", "liam.oberg@posten.example"),
    c("Astrid Falk", "astrid.falk@brevet.example"),
    c("Noah Ekström", "noah@ekstrom.example"),
    c("Wilma Sjögren", "wilma.sjogren@brevet.example"),
    c("Lucas Norén", "lucas.noren@posten.example"),
    c("Selma Åkesson", "selma.akesson@brevet.example"),
    c("Adam Holm", "adam.holm@posten.example"),
    c("Ebba Strand", "ebba.strand@brevet.example"),
    c("Viktor Lund", "viktor@lund.example"),
    c("Freja Dahl", "freja.dahl@posten.example"),
    c("Isak Wallin", "isak.wallin@brevet.example"),
    c("Tuva Engström", "tuva.engstrom@skolan.example"),
    c("Elias Viklund", "elias.viklund@brevet.example"),
    c("Signe Berglund", "signe.berglund@posten.example"),
    c("Melker Hansson", "melker.hansson@brevet.example"),
    c("Stina Forsberg", "stina@forsberg.example"),
    c("Arvid Lundin", "arvid.lundin@posten.example"),
    c("Ines Marklund", "ines.marklund@brevet.example"),
    c("Theo Söderberg", "theo.soderberg@posten.example"),
    c("Ronja Blom", "ronja.blom@brevet.example"),
    c("Gustav Hellström", "gustav@hellstrom.example"),
    c("Lovisa Nordin", "lovisa.nordin@brevet.example"),
    c("Edvin Sundberg", "edvin.sundberg@posten.example"),
    c("Nora Löfgren", "nora.lofgren@brevet.example"),
    c("Albin Åberg", "albin.aberg@posten.example"),
    c("Saga Martinsson", "saga.martinsson@brevet.example"),
    c("Vidar Eklund", "vidar@eklund.example"),
    c("Juni Gunnarsson", "juni.gunnarsson@posten.example"),
    c("Love Jonasson", "love.jonasson@brevet.example"),
    c("Hedda Fransson", "hedda.fransson@posten.example"),
    c("Sixten Isaksson", "sixten.isaksson@brevet.example"),
    c("Ellen Rydberg", "ellen@rydberg.example"),
    c("Axel Månsson", "axel.mansson@brevet.example"),
    c("Moa Samuelsson", "moa.samuelsson@posten.example"),
    c("Otto Bergqvist", "otto.bergqvist@brevet.example"),
    c("Linnea Palm", "linnea.palm@posten.example"),
    c("Sam Åström", "sam.astrom@brevet.example"),
    c("Iris Skoglund", "iris.skoglund@posten.example"),
    c("Malte Hermansson", "malte@hermansson.example"),
    c("Cornelia Nyberg", "cornelia.nyberg@brevet.example"),
    c("Filip Sjöberg", "filip.sjoberg@posten.example"),
    c("Emily Carter", "emily.carter@mailer.example"),
    c("James Wood", "james.wood@mailer.example"),
    // Her own mail program has a typing error in its From.
    c("Ingrid Alm", "ingrid.alm@brevvet.example"),
    // On holiday from Friday on.
    c("Per Wikström", "per.wikstrom@posten.example"),
];

/// The customer whose address does not exist: mail to her comes back.
pub const MISTYPED: usize = 48;
/// The customer whose mailbox answers that he is away.
pub const AWAY: usize = 49;

/// A supplier's ticket system, which confirms every mail that it gets and says nowhere that it is a robot.
pub const ROBOT: Customer = c("Grossisten Kundtjänst", "arende@grossisten.example");

/// A supplier's newsletter.
pub const NEWSLETTER: Customer = c("Grossisten Nyheter", "nyheter@grossisten.example");

/// What customers write about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    Late,
    Return,
    Broken,
    Invoice,
    Exchange,
    Stock,
    English,
}

#[derive(Debug)]
pub struct Words {
    pub matter: Matter,
    pub subjects: &'static [&'static str],
    /// `{order}` is the order's number.
    pub texts: &'static [&'static str],
    /// What an agent answers; `{name}` is the customer's first name.
    pub answers: &'static [&'static str],
    /// Commands that agents put above such an answer.
    pub commands: &'static str,
}

pub const WORDS: &[Words] = &[
    Words {
        matter: Matter::Late,
        subjects: &[
            "Var är mitt paket?",
            "Försenad leverans",
            "Paketet har inte kommit",
            "Order {order}, PostNord",
            "Leverans före jul?",
        ],
        texts: &[
            "Hej,\n\nmin order {order} skulle ha kommit i fredags, men PostNord säger bara \"försenad\".\nVar är mitt paket?",
            "Hej! Spårningen hos PostNord har inte ändrats på fyra dagar. Order {order}.\nKommer det fram före jul?",
            "Jag har väntat på order {order} i en vecka nu. PostNord hänvisar till er och ni till PostNord.\n\nVad händer?",
            "Hej\nPaketet med order {order} står som försenat hos PostNord sedan i lördags. Det är en julklapp.",
        ],
        answers: &[
            "Hej {name}!\n\nPostNords terminal i Rosersberg ligger två dagar efter just nu. Ditt paket är skannat där och kommer senast på torsdag. Gör det inte det skickar vi ett nytt, utan kostnad.",
            "Hej {name},\n\ntack för att du hör av dig. Det är PostNord som är försenade i hela Mellansverige, men paketet är på väg: det lastades om i morse. Räkna med torsdag.",
        ],
        commands: "#märk postnord",
    },
    Words {
        matter: Matter::Return,
        subjects: &["Retur av order {order}", "Vill ångra mitt köp", "Returetikett"],
        texts: &[
            "Hej, jag vill lämna tillbaka order {order}. Den är oöppnad. Hur gör jag?",
            "Hej!\nJag ångrar mitt köp, order {order}. Skickar ni en returetikett?",
        ],
        answers: &[
            "Hej {name}!\n\nInga problem. Returetiketten ligger i paketet, under packsedeln; lämna det hos ditt ombud inom 30 dagar. Pengarna kommer inom tre dagar från att vi fått det.",
        ],
        commands: "",
    },
    Words {
        matter: Matter::Broken,
        subjects: &["Trasig vid leverans", "Reklamation, order {order}", "Kaffebryggaren läcker"],
        texts: &[
            "Hej,\n\nkaffebryggaren i order {order} läcker vid locket redan första gången. Bild bifogas.\n\nVill helst ha en ny.",
            "Hej! Vasen i order {order} var trasig när vi öppnade lådan.\nSka jag skicka tillbaka skärvorna?",
        ],
        answers: &[
            "Hej {name}!\n\nVad tråkigt. En ny går i väg i dag, du behöver inte skicka tillbaka den gamla.",
            "Hej {name},\n\ntack för bilden, det där ska den förstås inte göra. Vi skickar en ny i eftermiddag och står för frakten.",
        ],
        commands: "",
    },
    Words {
        matter: Matter::Invoice,
        subjects: &["Fel på fakturan", "Dubbeldebiterad?", "Faktura order {order}"],
        texts: &[
            "Hej\n\nFakturan för order {order} har fel belopp, jag ser frakten två gånger.",
            "Hej, har jag blivit debiterad två gånger för order {order}? Det ser så ut hos banken.",
        ],
        answers: &[
            "Hej {name}!\n\nDu har rätt, frakten kom med två gånger. 59 kr är återbetalade nu och syns hos dig inom två bankdagar.",
        ],
        commands: "#stäng",
    },
    Words {
        matter: Matter::Exchange,
        subjects: &["Byta storlek", "Kan jag byta?"],
        texts: &[
            "Hej! Kan jag byta tröjan i order {order} från M till L?",
            "Hej, stövlarna i order {order} är för små. Finns 41?",
        ],
        answers: &[
            "Hej {name}!\n\nDet går bra. Vi har lagt undan rätt storlek åt dig; skicka tillbaka den du har med etiketten i paketet.",
        ],
        commands: "",
    },
    Words {
        matter: Matter::Stock,
        subjects: &["När kommer den i lager?", "Slut i lager", "Finns den till jul?"],
        texts: &[
            "Hej! Den gröna lampan är slut i lager. Kommer den in igen före jul?",
            "Hej, när får ni in adventsstjärnan i 60 cm?\nDen står som tillfälligt slut.",
        ],
        answers: &[
            "Hej {name}!\n\nVi väntar en leverans på onsdag nästa vecka. Jag har satt upp dig på listan, så får du ett mail.",
        ],
        commands: "",
    },
    Words {
        matter: Matter::English,
        subjects: &["Shipping to Norway?", "Order {order}: wrong address"],
        texts: &[
            "Hello,\n\ndo you ship to Norway before Christmas, and what does it cost?\n\nThank you",
            "Hi, I gave the wrong street number for order {order}. It should be 14, not 41. Can you change it?",
        ],
        answers: &[
            "Hello {name},\n\nyes, that is no problem at all. I have taken care of it for you, and you will get a confirmation tonight.",
        ],
        commands: "",
    },
];

/// What customers say when they are content; svar files it and mails nobody.
pub const THANKS: &[&str] = &["Tack!", "Tack så mycket!", "Toppen, tack!"];
/// What they say when they are not.
pub const MORE: &[&str] = &[
    "Tack för svaret. Men spårningen säger fortfarande samma sak, kan ni kolla en gång till?",
    "Ok, men det hjälper mig inte till på lördag. Kan ni skicka med ett annat bud?",
    "Tack! En fråga till: gäller det även presentkortet som låg i samma order?",
];
pub const SECOND_ANSWERS: &[&str] = &[
    "Hej igen {name}!\n\nJag ringde dem nyss: bilen har gått. Kommer det inte i morgon får du ett nytt paket med bud.",
    "Hej igen {name},\n\njag har kollat, och ja, det är ordnat. Hör av dig om något inte stämmer.",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn fifty_customers_each_with_an_address() {
        assert_eq!(CUSTOMERS.len(), 50);
        let addresses: BTreeSet<_> = CUSTOMERS.iter().map(|c| c.address).collect();
        assert_eq!(addresses.len(), 50);
        assert!(addresses.iter().all(|a| crate::model::Address::parse(a).is_some_and(|p| p.as_str() == *a)));
    }
}
