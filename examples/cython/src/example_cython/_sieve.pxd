cdef class Sieve:
    cdef readonly Py_ssize_t limit
    cdef bytearray _marks

    cpdef bint is_prime(self, Py_ssize_t number) except -1
