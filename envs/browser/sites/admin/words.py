"""Names and words of which the back office's content is made."""

FIRST = (
    "Adele", "Bruno", "Carla", "Dario", "Elena", "Felix", "Greta", "Henrik", "Irene", "Jakob", "Karin", "Luca", "Maja",
    "Niklas", "Oona", "Paolo", "Rhea", "Stefan", "Tilda", "Ulrich", "Vera", "Walter", "Yvonne", "Zeno", "Asha", "Bilal",
    "Cem", "Divya", "Emil", "Fiona", "Gwen", "Hamid", "Ilse", "Joan", "Kofi", "Lena", "Milan", "Nora", "Otis", "Petra",
)  # fmt: skip
LAST = (
    "Abbott", "Becker", "Castell", "Dahl", "Engel", "Ferrari", "Grant", "Holm", "Ibsen", "Jansen", "Keller", "Lindt",
    "Moreau", "Novak", "Olsen", "Pereira", "Quist", "Rossi", "Santos", "Thorne", "Ulman", "Varga", "Weber", "Yilmaz",
    "Zeller", "Archer", "Bauer", "Conti", "Duval", "Eklund", "Fischer", "Gruber", "Hansen", "Iyer", "Jung", "Kern",
    "Lang", "Meyer", "Nowak", "Okafor", "Price", "Reyes", "Schmid", "Tanaka", "Urban", "Vogel", "Winter", "Young",
)  # fmt: skip
DEPARTMENTS = (
    ("FIN", "Finance", "Basel"), ("ENG", "Engineering", "Graz"), ("OPS", "Plant Operations", "Graz"),
    ("SAL", "Sales", "Lyon"), ("HRD", "Human Resources", "Basel"), ("ITS", "IT Services", "Basel"),
    ("LEG", "Legal and Audit", "Basel"), ("MKT", "Marketing", "Lyon"), ("LOG", "Logistics", "Rotterdam"),
    ("QAL", "Quality Laboratory", "Graz"),
)  # fmt: skip
TITLES = {
    "FIN": ("Accountant", "Payroll Accountant", "Controller", "Treasury Analyst"),
    "ENG": ("Process Engineer", "Mechanical Engineer", "Design Engineer", "Control Engineer"),
    "OPS": ("Plant Operator", "Shift Supervisor", "Maintenance Technician", "Planner"),
    "SAL": ("Account Executive", "Sales Engineer", "Key Account Manager", "Sales Assistant"),
    "HRD": ("Recruiter", "HR Partner", "Training Coordinator", "Payroll Officer"),
    "ITS": ("System Engineer", "Support Analyst", "Network Engineer", "Developer"),
    "LEG": ("Counsel", "Contract Specialist", "Compliance Officer", "Paralegal"),
    "MKT": ("Content Editor", "Product Marketer", "Event Coordinator", "Designer"),
    "LOG": ("Dispatcher", "Warehouse Clerk", "Customs Specialist", "Buyer"),
    "QAL": ("Laboratory Analyst", "Chemist", "Quality Engineer", "Sampling Technician"),
}
GROUPS = (
    ("Payments release", "Bank portal", "restricted"), ("Payments entry", "Bank portal", "elevated"),
    ("Supplier master data", "Ledger", "elevated"), ("Invoice approval", "Ledger", "restricted"),
    ("Invoice entry", "Ledger", "elevated"), ("Ledger reading", "Ledger", "standard"),
    ("Payroll run", "Payroll", "restricted"), ("Payroll data entry", "Payroll", "elevated"),
    ("HR files", "Personnel", "restricted"), ("Recruiting", "Personnel", "standard"),
    ("Plant control", "SCADA", "restricted"), ("Plant dashboards", "SCADA", "standard"),
    ("Recipe changes", "SCADA", "elevated"), ("Recipe release", "SCADA", "restricted"),
    ("Drawing vault", "CAD", "elevated"), ("Drawing viewers", "CAD", "standard"),
    ("Code deploy", "Forge", "restricted"), ("Code review", "Forge", "elevated"),
    ("Customer data", "CRM", "elevated"), ("CRM users", "CRM", "standard"),
    ("Remote access", "VPN", "standard"), ("Server administrators", "Servers", "restricted"),
)  # fmt: skip
COMPANY = (
    "Alpen", "Boreal", "Cobalt", "Delta", "Eiger", "Fjord", "Garonne", "Hansa", "Isar", "Jura", "Kestrel", "Lumen",
    "Meridian", "Nordic", "Orion", "Pallas", "Quartz", "Rhone", "Sable", "Titan", "Umbra", "Vento", "Wolfram", "Zenith",
)  # fmt: skip
TRADE = (
    "Pumps", "Valves", "Filters", "Pipes", "Chemicals", "Logistics", "Printing", "Software", "Catering", "Cleaning",
    "Instruments", "Seals", "Coatings", "Travel", "Steel", "Office Supplies",
)  # fmt: skip
FORM = ("AG", "GmbH", "SA", "BV", "Ltd")
CITIES = ("Basel", "Graz", "Lyon", "Rotterdam", "Turin", "Ulm", "Ghent", "Linz", "Metz", "Bergen")
PURPOSES = (
    "Visit to the plant in {}", "Customer meeting in {}", "Training in {}", "Trade fair in {}", "Site survey in {}",
    "Audit in {}", "Commissioning in {}",
)  # fmt: skip
SPENT = {
    "Meals": ("Lunch on site", "Dinner with customer", "Team lunch", "Breakfast", "Dinner after commissioning"),
    "Lodging": ("Hotel, one night", "Hotel near the plant", "Guest house, one night"),
    "Transport": ("Train, second class", "Taxi to the station", "Rental car, one day", "Airport transfer"),
    "Supplies": ("Printed handouts", "Adapter and cables", "Safety gloves", "Notebook and pens"),
}
USUAL = {"Meals": (900, 3400), "Lodging": (7000, 14500), "Transport": (700, 9500), "Supplies": (500, 4800)}
MODELS = {
    "Laptop": ("Lenora X14", "Lenora X16", "Corvid Pro 13", "Corvid Pro 15"),
    "Phone": ("Pela 7", "Pela 8", "Nimbus S"),
    "Monitor": ("Vista 24", "Vista 27"),
    "Licence": ("CAD Studio seat", "Ledger Plus seat", "Designer Suite seat", "Statlab seat"),
}
REASONS = (
    "Covers for a colleague on leave", "New tasks in the {} team", "Month-end closing", "Project {} needs it",
    "Moved to {}", "On-call duty from next week", "Audit preparation for {}",
)  # fmt: skip
SETTINGS = (
    ("security.session_minutes", "Security", "Session length in minutes", "number", "5..480"),
    ("security.password_length", "Security", "Least length of passwords", "number", "8..64"),
    ("security.lock_after", "Security", "Failed sign-ins before an account is locked", "number", "3..20"),
    ("security.two_factor", "Security", "Two-factor sign-in", "choice", "off|staff only|everybody"),
    ("security.password_days", "Security", "Days until a password expires", "number", "0..730"),
    ("retention.log_days", "Retention", "Days that the log is kept", "number", "30..3650"),
    ("retention.log_archive", "Retention", "Archive of the log", "choice", "none|monthly|quarterly"),
    ("retention.invoice_years", "Retention", "Years that invoices are kept", "number", "1..30"),
    ("retention.applicant_days", "Retention", "Days that applicants' files are kept", "number", "30..1000"),
    ("retention.leaver_days", "Retention", "Days that mailboxes of leavers are kept", "number", "0..400"),
    ("finance.payment_days", "Finance", "Usual days until payment", "number", "7..120"),
    ("finance.second_approval", "Finance", "Second approval from (whole amount)", "number", "100..100000"),
    ("finance.currency", "Finance", "Currency of new suppliers", "choice", "CHF|EUR|GBP|USD"),
    ("finance.reminder_days", "Finance", "Days between reminders", "number", "1..60"),
    ("finance.expense_days", "Finance", "Days to hand in expenses", "number", "10..180"),
    ("naming.domain", "Naming", "Domain of e-mail addresses", "text", ""),
    ("naming.style", "Naming", "Style of user names", "choice", "first.last|flast|lastf|last.first"),
    ("mail.digest", "Mail", "Digest for approvers", "choice", "off|daily|weekly"),
    ("mail.footer", "Mail", "Footer of notices", "text", ""),
    ("mail.sender", "Mail", "Sender of notices", "text", ""),
)  # fmt: skip
