"""The words that projects, people, issues and comments of the tracker are made of."""

from __future__ import annotations

FIRST_NAMES = (
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Katya", "Liam", "Mara",
    "Nils", "Olga", "Pavel", "Quentin", "Rosa", "Samir", "Tilda", "Umut", "Vera", "Wanda", "Yusuf", "Zoe", "Amir",
    "Bea", "Carl", "Dora", "Emil", "Fleur", "Gavin",
)  # fmt: skip
LAST_NAMES = (
    "Almeida", "Bergman", "Castillo", "Dietrich", "Eriksen", "Fontaine", "Grigorev", "Hartmann", "Ivarsson",
    "Jankowski", "Keller", "Lindqvist", "Moretti", "Novak", "Okafor", "Petrov", "Quiroga", "Rasmussen", "Schmid",
    "Tanaka", "Ullmann", "Varga", "Weber", "Yilmaz",
)  # fmt: skip
TEAMS = ("Platform", "Apps", "Data", "Support", "Quality")
PROJECTS = (
    ("ATL", "Atlas", "Maps and routes for delivery drivers."),
    ("BRK", "Brook", "Streams events from machines into the warehouse."),
    ("CDR", "Cedar", "Document editor for contracts and reports."),
    ("DLT", "Delta", "Synchronises files between offices."),
    ("EMB", "Ember", "Alerts and on-call rotas."),
    ("FJD", "Fjord", "Accounting for small companies."),
    ("GRV", "Grove", "Customer records and campaigns."),
    ("HBR", "Harbor", "Builds and stores container images."),
    ("IRS", "Iris", "Image archive of the photo desks."),
    ("JUN", "Juniper", "Shift planning for hospitals."),
)
COMPONENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Accounts": (
        "Sign-in, passwords and profiles",
        ("the sign-in form", "the password reset mail", "the profile page", "single sign-on", "the session timeout"),
    ),
    "Search": (
        "Indexes, queries and suggestions",
        ("full-text search", "the suggestion list", "the search index", "the saved filter", "the result counter"),
    ),
    "Export": (
        "Files that leave the system",
        ("the PDF export", "the CSV export", "the nightly archive", "the print view", "the export queue"),
    ),
    "Sync": (
        "Keeping devices and servers alike",
        ("background sync", "the conflict dialog", "the offline cache", "the retry queue", "delta upload"),
    ),
    "Notifications": (
        "Mail, push and in-app messages",
        ("the daily digest", "push messages", "the unread badge", "the mail template", "quiet hours"),
    ),
    "Editor": (
        "Everything people type into",
        ("the rich text field", "undo", "the comment box", "spell checking", "the table tool"),
    ),
    "Reports": (
        "Charts and figures",
        ("the monthly chart", "the revenue table", "the date filter", "the pivot view", "the legend"),
    ),
    "API": (
        "Interfaces for other programs",
        ("the REST endpoint", "the webhook", "the rate limiter", "the token page", "the batch call"),
    ),
    "Permissions": (
        "Roles and who sees what",
        ("the role editor", "guest access", "the share link", "group membership", "the approval step"),
    ),
    "Uploads": (
        "Files that come in",
        ("the drop zone", "the virus scan", "the thumbnail", "the size limit", "the resume button"),
    ),
    "Installer": (
        "Setup, updates and packages",
        ("the setup wizard", "the update check", "the Debian package", "the licence screen", "the uninstaller"),
    ),
    "Layout": (
        "Pages, themes and languages",
        ("the dark theme", "the side bar", "the German translation", "the print style", "the mobile menu"),
    ),
}
SYMPTOMS = (
    "crashes", "shows an empty page", "loses the last entry", "hangs for a minute", "shows the wrong total",
    "ignores the time zone", "fails with error 500", "doubles every line", "cuts off long names", "forgets the setting",
    "blinks without end", "shows stale data",
)  # fmt: skip
CIRCUMSTANCES = (
    "on a slow connection", "after an update", "with more than 100 rows", "in Firefox", "for guests", "at midnight",
    "when two tabs are open", "after a restart", "with umlauts in the name", "on the first of the month",
    "behind a proxy", "with an empty list",
)  # fmt: skip
WISHES = (
    "a keyboard shortcut for {}", "an option to turn off {}", "a preview in {}", "a dark variant of {}",
    "bulk actions in {}", "an audit trail for {}", "a help text next to {}", "sorting in {}",
)  # fmt: skip
CHORES = (
    "Write tests for {}",
    "Remove dead code in {}",
    "Measure the speed of {}",
    "Document {}",
    "Move {} to the new framework",
    "Review the permissions of {}",
    "Update the libraries behind {}",
    "Split {} into two modules",
)
BODIES = (
    "Seen by {team} several times this week. The log has nothing unusual.",
    "A customer reported it by phone; {team} could reproduce it on the staging system.",
    "This came up in the last review with {team}. There is a workaround, but nobody likes it.",
    "Happens to about one in ten users according to {team}.",
    "Steps: open the page, wait a moment, try again. {team} has a recording.",
    "{team} asks for this since the autumn; see also the notes of the planning meeting.",
)
COMMENTS = (
    "I can reproduce this on the staging system.",
    "Could not reproduce it on my machine. Which browser was it?",
    "The same happened to a customer yesterday.",
    "I had a look: it is not where we thought it was.",
    "Let us talk about this in the next planning.",
    "A first patch is up for review.",
    "The patch needs another round, the tests are red.",
    "Waiting for an answer from the customer.",
    "This is less urgent than it looks.",
    "Thanks, that explains a lot.",
    "I would rather not touch this before the release.",
    "Added a log line so that we see more next time.",
    "Works for me after clearing the cache.",
    "Please do not merge this before the holidays.",
)
LABELS = (
    ("accessibility", "Keyboard, contrast, screen readers"),
    ("customer", "Reported by a paying customer"),
    ("data-loss", "Data of users may be lost or damaged"),
    ("docs", "Changes the manual"),
    ("flaky", "Does not happen every time"),
    ("good-first-issue", "Fit for newcomers"),
    ("needs-info", "Waits for an answer of the reporter"),
    ("performance", "Too slow or too large"),
    ("regression", "Worked in an earlier version"),
    ("security", "Handle with care"),
    ("translation", "Texts in other languages"),
    ("ux", "How it feels to use"),
)
