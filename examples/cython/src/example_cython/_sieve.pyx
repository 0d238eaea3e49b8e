"""The sieve of Eratosthenes."""


cdef class Sieve:
    """Knows which of the numbers below *limit* are prime."""

    def __init__(self, Py_ssize_t limit):
        self.limit = max(limit, 0)
        self._marks = bytearray(b"\x01") * self.limit
        cdef unsigned char[::1] marks = self._marks
        cdef Py_ssize_t number, multiple
        with nogil:
            for number in range(min(2, self.limit)):
                marks[number] = 0
            number = 2
            while number * number < limit:
                if marks[number]:
                    multiple = number * number
                    while multiple < limit:
                        marks[multiple] = 0
                        multiple += number
                number += 1

    cpdef bint is_prime(self, Py_ssize_t number) except -1:
        """Whether *number*, which must be below the limit, is prime."""
        if number >= self.limit:
            raise ValueError(f"{number} is not below {self.limit}")
        return number >= 0 and self._marks[number]

    def __iter__(self):
        for number in range(self.limit):
            if self._marks[number]:
                yield number
