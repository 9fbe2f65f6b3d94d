"""Trains: average speed, passing, catching up, a bird in the wind, and trains that shuttle."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, fraction, pick


def _average(rng: np.random.Generator) -> Problem:
    first, second = between(rng, 50, 160), between(rng, 50, 160)
    one, other, stop = 10 * between(rng, 3, 30), 10 * between(rng, 3, 30), between(rng, 5, 60)
    value = Fraction(first * one + second * other, one + stop + other)
    form = "Give the exact value in km/h."
    statements = (
        f"A train runs for ${one}$ minutes at ${first}$ km/h, waits for ${stop}$ minutes, and runs for another "
        f"${other}$ minutes at ${second}$ km/h. What is its average speed over the whole time, the wait included? "
        f"{form}",
        f"On a trip by train, the first part took ${one}$ minutes at a steady ${first}$ km/h. After a stop of "
        f"${stop}$ minutes the second part took ${other}$ minutes at a steady ${second}$ km/h. Find the average speed "
        f"from departure to arrival. {form}",
        f"{pick(rng, NAMES)} drives at ${first}$ km/h for ${one}$ minutes, takes a rest of ${stop}$ minutes, and then "
        f"drives at ${second}$ km/h for ${other}$ minutes. Find the average speed for the whole journey with the "
        f"rest. {form}",
    )
    unit = "\\text{ km/h}"
    wrong = (Fraction(first * one + second * other, one + other), Fraction(first + second, 2))
    data = {"ask": "average", "speeds": [first, second], "minutes": [one, other], "stop": stop}
    return posed(rng, statements, f"{fraction(value)}{unit}", data, [f"{fraction(trap)}{unit}" for trap in wrong])


def _passing(rng: np.random.Generator) -> Problem:
    long, short = between(rng, 80, 400), between(rng, 80, 400)
    fast, slow = between(rng, 80, 200), between(rng, 30, 75)
    towards = bool(rng.integers(2))
    relative = fast + slow if towards else fast - slow
    value = Fraction((long + short) * 18, 5 * relative)
    way = "meet, going in opposite directions" if towards else "run in the same direction"
    start = "the front ends are level" if towards else "the front of the first is level with the rear of the second"
    end = "the rear ends are" if towards else "the rear of the first is level with the front of the second"
    form = "Give the exact number of seconds."
    statements = (
        f"Two trains, ${long}$ m and ${short}$ m long, {way} on parallel tracks. The first goes at ${fast}$ km/h, the "
        f"second at ${slow}$ km/h. How much time passes from the moment at which {start} until {end}? {form}",
        f"An express of ${long}$ m at ${fast}$ km/h {'meets' if towards else 'overtakes'} a freight train of "
        f"${short}$ m at ${slow}$ km/h on the next track. For how long is some part of the one train beside some part "
        f"of the other? {form}",
    )
    unit = "\\text{ seconds}"
    other = Fraction((long + short) * 18, 5 * (fast - slow if towards else fast + slow))
    data = {"ask": "passing", "lengths": [long, short], "speeds": [fast, slow], "towards": towards}
    traps = [f"{fraction(trap)}{unit}" for trap in (other, value / Fraction(18, 5), Fraction(long * 18, 5 * relative))]
    return posed(rng, statements, f"{fraction(value)}{unit}", data, traps)


def _catching_up(rng: np.random.Generator) -> Problem:
    while True:
        slow, fast = between(rng, 50, 110), between(rng, 80, 200)
        late, stop, place = between(rng, 10, 90), between(rng, 3, 25), between(rng, 20, 120)
        reach = Fraction(60 * place, slow)
        if fast <= slow + 10:
            continue
        time = Fraction(fast * late - slow * stop, fast - slow)
        if time > reach + stop and fast * (reach + stop - late) < 60 * place:
            break
    value = fast * (time - late) / 60
    question = ask_fraction(rng, "the distance in kilometers from the station to the point where it is overtaken")
    question = question.replace("it is overtaken", "the second train catches up")
    statements = (
        f"A local train leaves a station at ${slow}$ km/h. After ${place}$ km it stops for ${stop}$ minutes and then "
        f"goes on at the same speed. An express leaves the same station ${late}$ minutes after the local train and "
        f"follows it at ${fast}$ km/h without a stop. {question}",
        f"Two trains start at the same station in the same direction, the second one ${late}$ minutes after the "
        f"first. The first runs at ${slow}$ km/h, but it stands for ${stop}$ minutes at a signal ${place}$ km from "
        f"the station. The second runs at ${fast}$ km/h all the time. (Time for slowing down and speeding up is "
        f"neglected.) {question}",
    )
    ignored = Fraction(fast * slow * late, 60 * (fast - slow))
    data = {"ask": "catching", "speeds": [slow, fast], "late": late, "stop": stop, "place": place}
    return posed(rng, statements, value, data, (ignored, fast * time / 60, value - place))


def _bird(rng: np.random.Generator) -> Problem:
    while True:
        distance, left, right = between(rng, 60, 900), between(rng, 20, 90), between(rng, 20, 90)
        out, back = between(rng, 60, 160), between(rng, 60, 160)
        if out > left + 5 and back > right + 5 and out != back:
            break
    time = Fraction(distance, left + right)
    forth = (left + back) * time / (out + back)
    value = out * forth + back * (time - forth)
    question = ask_sum(rng, "the length in kilometers of the whole way that the bird flies")
    statements = (
        f"Two trains, ${distance}$ km apart, run towards each other on one track, the western one at ${left}$ km/h, "
        f"the eastern one at ${right}$ km/h. A bird starts at the front of the western train and flies to the eastern "
        "train, turns at once, flies back to the western train, turns again, and so on until the trains meet. "
        f"Because of the wind it flies at ${out}$ km/h to the east and at ${back}$ km/h to the west. {question}",
        f"A bird shuttles between two trains that approach each other at ${left}$ km/h (train $A$) and ${right}$ km/h "
        f"(train $B$). It sets out from $A$ when they are ${distance}$ km apart, turning back every time it reaches a "
        f"train, until they meet. Its speed is ${out}$ km/h in the direction from $A$ to $B$, with the wind or "
        f"against it, and ${back}$ km/h in the other direction. {question}",
    )
    data = {"ask": "bird", "distance": distance, "trains": [left, right], "bird": [out, back]}
    traps = (sum_of_terms(time * Fraction(out + back, 2)), sum_of_terms(time * out), sum_of_terms(time * back))
    return posed(rng, statements, sum_of_terms(value), data, traps)


def _shuttle(rng: np.random.Generator) -> Problem:
    while True:
        distance, fast, slow = between(rng, 20, 900), between(rng, 30, 150), between(rng, 30, 150)
        count = between(rng, 6, 50)
        if fast <= slow + 4:
            continue
        # unfolded, they are level when their ways add up to, or differ by, an odd multiple of the distance
        odd = range(1, 2 * count, 2)
        moments = {k * (fast - slow) for k in odd} | {k * (fast + slow) for k in odd}
        moment = Fraction(sorted(moments)[count - 1] * distance, fast**2 - slow**2)
        way = fast * moment % (2 * distance)
        value = min(way, 2 * distance - way)
        if 0 < value < distance:
            break
    last = {1: "st", 2: "nd", 3: "rd"}.get(count % 10 if count // 10 != 1 else 0, "th")
    question = ask_sum(rng, "the distance in kilometers between this place and station $P$", 1000)
    statements = (
        f"Two trains shuttle on parallel tracks between the stations $P$ and $Q$, which are ${distance}$ km apart. "
        f"They start at the same moment, one from $P$ at a constant ${fast}$ km/h, the other from $Q$ at a constant "
        f"${slow}$ km/h, and turn at the stations without delay. They are level with each other again and again, "
        f"whether they meet or one overtakes the other. Consider the place where this happens for the {count}{last} "
        f"time. {question}",
        f"Two ferries cross a strait of ${distance}$ km between $P$ and $Q$, to and fro, without any stay at the "
        f"ends. The faster one leaves $P$ with a speed of ${fast}$ km/h at the moment at which the slower one leaves "
        f"$Q$ with a speed of ${slow}$ km/h. Whenever both are at the same distance from $P$, one meeting is counted, "
        f"be it head-on or an overtaking. Look at the place of meeting number ${count}$. "
        f"{question.replace('station ', '')}",
    )
    data = {"ask": "shuttle", "distance": distance, "speeds": [fast, slow], "count": count}
    head_on = fast * Fraction((2 * count - 1) * distance, fast + slow) % (2 * distance)
    traps = (sum_of_terms(min(head_on, 2 * distance - head_on)) % 1000, sum_of_terms(distance - value) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="trains",
    area="word problems",
    summary="average speeds, passing and catching up, a bird between trains, and trains that shuttle",
    chance=0.01,
    make=by_level(_average, _passing, _catching_up, _bird, _shuttle),
)
