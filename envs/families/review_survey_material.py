"""What reviews of the family `review-survey` say, and the page on how to count them."""

from __future__ import annotations

README = """\
# Survey of the reviews

Each file of reviews/ is the review of one incident. Count for each cause and write /workspace/report.csv with the
header `cause,reviews,minutes,longest` and a row for each of the six causes, in any order:

- `release`: what we shipped was wrong
- `configuration`: what we had set was wrong
- `capacity`: there was more to do than the machines could do
- `hardware`: something of ours broke physically
- `supplier`: something that others run for us failed
- `certificate`: a certificate or key was invalid

`reviews` is their number, `minutes` how long they lasted together, `longest` the number of the longest (PIR-1234), of
equally long ones the lowest number. None lasted 24 hours; some go past midnight.

Exercises, false alarms and reviews that were filed twice do not count: leave out each file that says so of itself.
Read to the end: a correction overrides what stands before it, a suspicion is no cause, and time in which all worked
in between is taken off.
"""

# cause → the thing as it is named in suspicions and corrections, and sentences that tell it
CAUSES: dict[str, tuple[str, tuple[str, ...]]] = {
    "capacity": (
        "too much load",
        (
            "The disks of the queue were full.",
            "A mailing brought ten times the usual traffic.",
            "All connections of the pool were in use.",
            "The nodes gave up under the load of the sale.",
            "The queue grew faster than five workers could read it.",
            "Backups and month-end together left no memory.",
        ),
    ),
    "certificate": (
        "an expired certificate",
        (
            "The certificate had run out the night before.",
            "Nobody had renewed the TLS certificate.",
            "The chain lacked the intermediate certificate.",
            "The signing key was past its date.",
            "Clients refused our TLS chain after midnight.",
            "The renewal job had not run since May.",
        ),
    ),
    "configuration": (
        "a wrong setting",
        (
            "Someone had set the pool to 5 instead of 50.",
            "A typo in the firewall rules shut us out.",
            "A flag was on in the wrong region.",
            "The time-out had been lowered to 2 ms.",
            "The new region pointed at the old database.",
            "An empty allow-list had been applied to all hosts.",
        ),
    ),
    "hardware": (
        "a broken disk",
        (
            "A power supply failed in rack 7.",
            "The core switch died.",
            "A memory module gave wrong bits.",
            "The controller of the storage burnt out.",
            "Two fans stopped and the host switched itself off.",
            "A drive of the journal had unreadable sectors.",
        ),
    ),
    "release": (
        "the new version",
        (
            "The rollout of 3.1 broke the login.",
            "A new build lacked the migration.",
            "We had to take the deployment back.",
            "Version 4.2 had a bug in its paging.",
            "A refactoring of ours dropped the retry.",
            "The code we had merged at noon leaked connections.",
        ),
    ),
    "supplier": (
        "our supplier",
        (
            "The payment provider was down.",
            "The name servers of our provider did not answer.",
            "The carrier had cut a fibre.",
            "The cloud lost a whole zone.",
            "The mail service that we rent lost our messages.",
            "Their API answered 503, their status page stayed green.",
        ),
    ),
}
SPANS = (
    "Customers saw errors from {start} to {end}.",
    "{start} first alarm, {end} all clear.",
    "It began at {start} and was over {minutes} minutes later.",
    "It took {hours} h {rest} min, starting at {start}.",
)
SUSPICIONS = ("At first {thing} was suspected.", "We ruled out {thing} late.", "Everybody suspected {thing}.")
LATER_ENDS = ("Correction: it was over at {end}.", "Added later: it ended at {end}, as the logs show.")
OTHER_CAUSE = "Correction: the cause was {thing} after all."
PAUSES = ("Between {pause} and {resume} everything worked.", "All was well between {pause} and {resume}.")
VOIDS = (
    "This was an exercise, nobody was affected.",
    "False alarm: only the monitoring was down.",
    "Filed twice, see PIR-{other}.",
)
NOISE = (
    "{count} tickets came in.",
    "The on-call engineer answered the page at once.",
    "We will add an alarm for this.",
    "The review was held with {count} people.",
    "Thanks to all who stayed on the call.",
    "Action {count}: write this down in the handbook.",
)
