#include "words.hpp"

#include <stdexcept>

Counts
count_words(std::string_view text, std::size_t longest)
{
    constexpr std::string_view space = " \t\r\n";
    Counts counts;
    while (true) {
        const auto start = text.find_first_not_of(space);
        if (start == text.npos)
            return counts;
        text.remove_prefix(start);
        const auto word = text.substr(0, text.find_first_of(space));
        text.remove_prefix(word.size());
        if (word.size() > longest)
            throw std::length_error("a word of " + std::to_string(word.size()) + " bytes");
        if (auto found = counts.find(word); found != counts.end())
            ++found->second;
        else
            counts.emplace(word, 1);
    }
}
