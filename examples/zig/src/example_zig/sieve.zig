//! The sieve of Eratosthenes.

const std = @import("std");

/// The prime numbers below `limit`, in order; the caller frees them.
pub fn primesBelow(allocator: std.mem.Allocator, limit: usize) ![]usize {
    const is_composite = try allocator.alloc(bool, limit);
    defer allocator.free(is_composite);
    @memset(is_composite, false);
    var count: usize = 0;
    var number: usize = 2;
    while (number < limit) : (number += 1) {
        if (is_composite[number]) continue;
        count += 1;
        var multiple = std.math.mul(usize, number, number) catch continue;
        while (multiple < limit) : (multiple += number) is_composite[multiple] = true;
    }
    const primes = try allocator.alloc(usize, count);
    var index: usize = 0;
    number = 2;
    while (number < limit) : (number += 1) {
        if (is_composite[number]) continue;
        primes[index] = number;
        index += 1;
    }
    return primes;
}
