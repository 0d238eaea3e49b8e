#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

using Counts = std::map<std::string, long, std::less<>>;

/* How often each word occurs; throws std::length_error for one that is longer than `longest`. */
Counts count_words(std::string_view text, std::size_t longest);
