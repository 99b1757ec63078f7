//! The words that the bench's letters are made of, in Swedish and English.

/// What a letter in one language is put together from. `{n}` becomes a long number, `{d}` a short one.
#[derive(Debug)]
pub struct Words {
    pub code: &'static str,
    pub greetings: &'static [&'static str],
    pub subjects: &'static [&'static str],
    /// What customers write.
    pub asking: &'static [&'static str],
    /// What the desk had answered, seen in quotes.
    pub answering: &'static [&'static str],
    pub closings: &'static [&'static str],
    pub reply_prefixes: &'static [&'static str],
    pub robot_prefix: &'static str,
    pub robot_text: &'static str,
    pub days: [&'static str; 7],
    pub months: [&'static str; 12],
}

pub static SWEDISH: Words = Words {
    code: "sv",
    greetings: &["Hej!", "Hej", "Hejsan,", "God dag,", "Hallå där!"],
    subjects: &[
        "Order {n} har inte kommit",
        "Fel storlek på jackan i order {n}",
        "Retur av {d} varor",
        "Fakturan {n} är redan betald",
        "Rabattkoden fungerar inte",
        "Går inte att betala med kort",
        "Önskar byta adress på order {n}",
        "Paketet står kvar på terminalen",
        "Trasig lampa, order {n}",
        "Fråga om garanti på kaffebryggaren",
        "Var är mitt presentkort?",
        "Kvitto saknas för köp {n}",
        "När får ni in {d}-pack igen?",
        "Prenumerationen ska avslutas",
    ],
    asking: &[
        "Jag lade en order för {d} dagar sedan och den står fortfarande som \"under behandling\" på min sida.",
        "Spårningen säger att paketet lämnade terminalen i Växjö, men sedan har ingenting hänt.",
        "Kortbetalningen avbröts med felkod {n}, ändå har beloppet dragits från mitt konto.",
        "Det ska vara en present, så det vore väldigt bra om den hann fram före lördag.",
        "Jag har bytt webbläsare och rensat allt jag kan, men knappen är fortfarande grå.",
        "Asken var öppnad när den kom och två av glasen hade gått sönder.",
        "Kan jag lämna tillbaka varan i er butik i stället för att skicka den?",
        "På följesedeln står det {d} stycken, men i lådan låg bara hälften.",
        "Ni hade lovat att ringa upp i går eftermiddag, men jag har inte hört något.",
        "Kundnumret är {n} om det är till någon hjälp.",
        "Jag bifogar en bild så att ni ser hur sömmen har spruckit.",
        "Går det bra att dela upp betalningen på {d} månader?",
        "Min man försökte också, från sin dator, och fick precis samma sida.",
        "Enligt bekräftelsen skulle frakten vara gratis, men på fakturan står det {d} kronor.",
        "Nu har jag väntat i över en vecka och börjar bli ganska trött på det här.",
        "Vi driver ett litet kafé på Öland och behöver varorna innan säsongen börjar.",
        "Det är inte bråttom, jag ville mest höra om det finns något jag själv kan göra.",
        "Går det att få en ny länk till kvittot? Den gamla har slutat gälla.",
    ],
    answering: &[
        "Tack för att du skrev till oss, jag tittar genast på vad som har hänt med din beställning.",
        "Paketet har registrerats på nytt och borde vara framme inom {d} dagar.",
        "Jag har bett lagret att packa en ny vara åt dig och den går i väg i eftermiddag.",
        "Pengarna för {n} är återförda; det kan dröja några dagar innan banken visar dem.",
        "Kan du säga vilken telefon och vilken version du använder, så prövar vi likadant här?",
        "Returetiketten ligger som bilaga, lämna paketet hos vilket ombud du vill.",
    ],
    closings: &["Vänliga hälsningar", "Mvh", "Med vänlig hälsning", "Ha det fint", "Tack på förhand!"],
    reply_prefixes: &["SV: ", "Sv: ", "Re: ", "Re: ", "SV: Re: "],
    robot_prefix: "Autosvar: ",
    robot_text: "Jag är på semester och läser min e-post igen den {d}:e. I brådskande fall, ring växeln.",
    days: ["mån", "tis", "ons", "tors", "fre", "lör", "sön"],
    months: ["jan", "feb", "mars", "april", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"],
};

pub static ENGLISH: Words = Words {
    code: "en",
    greetings: &["Hello,", "Hi,", "Dear customer service,", "Good morning,", "Hi there!"],
    subjects: &[
        "Where is order {n}?",
        "Wrong colour in order {n}",
        "Return of {d} items",
        "Charged twice for {n}",
        "Voucher code rejected",
        "Password reset mail never comes",
        "Change of address for order {n}",
        "Parcel says delivered but is not here",
        "Mug arrived broken, order {n}",
        "Warranty on the coffee maker",
        "Question about shipping to Norway",
        "No receipt for purchase {n}",
        "Back in stock: pack of {d}?",
        "Please close my account",
    ],
    asking: &[
        "I placed the order {d} days ago and the page still says that it is being handled.",
        "The tracking page has not moved since the parcel left the sorting office in Leeds.",
        "My card was refused with code {n}, and yet the amount is gone from my account.",
        "It is meant as a birthday present, so it would be lovely if it came before Saturday.",
        "I have tried another browser and an empty cache, but the button stays grey.",
        "The box had been opened when it got here and two of the glasses were in pieces.",
        "May I hand the jacket in at your shop instead of posting it?",
        "The delivery note says {d} pieces, there were only half as many in the box.",
        "Somebody promised to call me back yesterday afternoon and nobody has.",
        "The customer number is {n}, in case that helps you find it.",
        "I attach a photograph, so that you can see where the seam came apart.",
        "Is it possible to spread the payment over {d} months?",
        "My neighbour ordered the same thing a day later and already has hers.",
        "According to your confirmation shipping was free, the invoice adds {d} pounds for it.",
        "This has gone on for more than a week now and I am slowly losing patience.",
        "We run a small café and would need the goods before the season starts.",
        "There is no hurry, I only wanted to know whether I can do anything myself.",
        "Could you send the link to the receipt once more? The old one has expired.",
    ],
    answering: &[
        "Thank you for writing, I am looking into what happened to your order right away.",
        "The parcel has been registered again and should reach you within {d} days.",
        "I have asked the warehouse to pack a new one for you; it leaves this afternoon.",
        "The money for {n} is on its way back; banks take a few days to show it.",
        "Which telephone and which version do you use? We would like to try the same here.",
        "The return label is attached, any parcel shop will take it.",
    ],
    closings: &["Kind regards,", "Best wishes,", "Many thanks,", "All the best,", "Regards"],
    reply_prefixes: &["Re: ", "RE: ", "Re: ", "Re: Re: "],
    robot_prefix: "Automatic reply: ",
    robot_text: "I am out of the office and will read my mail again on the {d}th. In urgent cases please call us.",
    days: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
};

pub const FIRST_NAMES: &[&str] = &[
    "Astrid", "Bertil", "Cecilia", "Daniel", "Elsa", "Folke", "Greta", "Hjördis", "Ivar", "Jasmin", "Kerstin", "Lars-Åke",
    "Märit", "Nils", "Örjan", "Pia", "Ragnar", "Sára", "Torbjörn", "Ulla", "Viktor", "Ylva", "Åke", "Änglamark", "Amir",
    "Chloe", "Dmitri", "Emily", "Hannah", "Oliver", "Zofia", "Jürgen",
];
pub const LAST_NAMES: &[&str] = &[
    "Almgren", "Björklund", "Carlén", "Dahlström", "Ekström", "Forsgren", "Grönvall", "Hägg", "Isaksson", "Jönsson", "Källman",
    "Lövgren", "Månsson", "Nygård", "Öhman", "Palmér", "Rydén", "Sjöström", "Törnqvist", "Vålnes", "Brown", "Clarke", "Evans",
    "Kowalski", "Haddad", "Nguyen", "Schäfer",
];
/// What is attached: type, name, usual size in kB.
pub const FILES: &[(&str, &str, u32)] = &[
    ("application/pdf", "faktura-{n}.pdf", 90),
    ("application/pdf", "följesedel {n}.pdf", 70),
    ("image/jpeg", "IMG_{n}.jpg", 240),
    ("image/png", "skärmbild {d}.png", 160),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Avtal – {n}.docx", 60),
    ("text/csv", "order-{n}.csv", 35),
    ("application/zip", "loggar_{n}.zip", 150),
];
pub const PROGRAMS: &[&str] =
    &["Microsoft Outlook 16.0", "Apple Mail (2.3826)", "Mozilla Thunderbird", "Roundcube Webmail/1.6.9", "iPhone Mail (22B91)"];
