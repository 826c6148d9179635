"""Decimal digits of floats, exactly: a float is cut into 32-bit limbs, long arithmetic on these yields its digits.

Every step on the float itself is exact: multiplying by a power of two, taking the whole part, subtracting it. So the
digits are those of the number's full value, and rounding looks at all that is left of it.
"""

from atoll.abi.raw import address_of, load64
from atoll.abi.types import Array, Slice, f64, i64, low8, low32, u8, u32, u64

LIMB = 4294967296.0  # 2 to the 32nd
LARGEST = 1.7976931348623157e308
MOST_PRECISION = 100  # digits after the point
MOST_DIGITS = 420  # a spare one, 309 before the point, the point, MOST_PRECISION behind it; rounded up
WHOLE_LIMBS = 32  # 1024 bits before the point
LIMBS = WHOLE_LIMBS + 34  # 1074 bits after it

ZERO = 0x30  # "0"
NINE = 0x39
POINT = 0x2E


class Box:
    """A float in memory, where its bits can be read."""

    value: f64


def is_negative(value: f64) -> bool:
    """Whether the sign bit is set: `-0.0` compares equal to `0.0`."""
    box = Box()
    box.value = value
    return load64(address_of(box)) >> 63 == 1


def is_finite(value: f64) -> bool:
    """Neither infinite nor nan."""
    return -LARGEST <= value <= LARGEST


class Limbs:
    """A number as 32-bit limbs, the most significant first: `whole` of them before the point."""

    limbs: Array[u32, LIMBS]
    whole: u64
    count: u64


def split(value: f64, into: Limbs) -> None:
    """Cut a finite float that is not negative into limbs."""
    rest = value
    into.whole = 1
    into.count = 0
    while rest >= LIMB:
        rest = rest / LIMB
        into.whole += 1
    while into.count < into.whole or rest != 0.0:
        limb = u64(rest)
        into.limbs[into.count] = u32(limb)
        into.count += 1
        rest = (rest - f64(limb)) * LIMB


def divide_whole(number: Limbs) -> u64:
    """Divide the whole part by ten; the result is the remainder, the next digit from the right."""
    remainder: u64 = 0
    for i in range(number.whole):
        dividend = (remainder << 32) | u64(number.limbs[i])
        number.limbs[i] = low32(dividend // 10)
        remainder = dividend % 10
    return remainder


def multiply_fraction(number: Limbs, factor: u64) -> u64:
    """Multiply the part after the point; the result is what was carried over the point."""
    carry: u64 = 0
    i = number.count
    while i > number.whole:
        i -= 1
        product = u64(number.limbs[i]) * factor + carry
        number.limbs[i] = low32(product)
        carry = product >> 32
    return carry


def is_zero(limbs: Slice[u32]) -> bool:
    """Whether nothing is left."""
    for limb in limbs:
        if limb != 0:
            return False
    return True


def fixed_digits(value: f64, precision: i64, digits: Slice[u8]) -> u64:
    """Write a finite float that is not negative, with that many digits after the point; how many bytes that took."""
    places: u64 = u64(precision) if precision <= MOST_PRECISION else MOST_PRECISION
    number = Limbs()
    split(value, number)
    used = put_whole(number, digits)
    if places > 0:
        digits[used] = POINT
        used += 1
    for _ in range(places):
        digits[used] = ZERO + low8(multiply_fraction(number, 10))
        used += 1
    if rounds_up(number, digits[used - 1] & 1 == 1):
        increment(digits[0:used])
    return drop_spare(digits, used)


def put_whole(number: Limbs, digits: Slice[u8]) -> u64:
    """The digits before the point, after a spare zero that rounding may need; the result is where they end."""
    end: u64 = 1
    digits[0] = ZERO
    while end == 1 or not is_zero(number.limbs[0 : number.whole]):
        digits[end] = ZERO + low8(divide_whole(number))
        end += 1
    reverse(digits[1:end])
    return end


def rounds_up(number: Limbs, last_is_odd: bool) -> bool:
    """Whether what is left after the point is more than a half, or exactly a half after an odd digit."""
    if multiply_fraction(number, 2) == 0:
        return False
    return last_is_odd or not is_zero(number.limbs[number.whole : number.count])


def increment(digits: Slice[u8]) -> None:
    """Add one to the last digit; the spare zero in front takes the last carry."""
    i = u64(len(digits)) - 1
    while digits[i] == NINE or digits[i] == POINT:
        if digits[i] == NINE:
            digits[i] = ZERO
        i -= 1
    digits[i] += 1


def reverse(digits: Slice[u8]) -> None:
    """The last first."""
    count = u64(len(digits))
    for i in range(count // 2):
        digits[i], digits[count - 1 - i] = digits[count - 1 - i], digits[i]


def drop_spare(digits: Slice[u8], used: u64) -> u64:
    """Take the spare zero in front away unless rounding made it a one; the result is how many bytes are left."""
    if digits[0] != ZERO:
        return used
    for i in range(1, used):
        digits[i - 1] = digits[i]
    return used - 1
