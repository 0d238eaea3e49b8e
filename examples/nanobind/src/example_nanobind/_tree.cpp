// A prefix tree: words that begin alike share the nodes of their beginning.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;

namespace {

struct Node {
    bool is_word = false;
    std::map<char, std::unique_ptr<Node>> children;
};

class PrefixTree {
public:
    PrefixTree() = default;
    PrefixTree(const PrefixTree &) = delete;

    void add(const std::string &word)
    {
        Node *node = &root_;
        for (char letter : word) {
            auto &child = node->children[letter];
            if (!child)
                child = std::make_unique<Node>();
            node = child.get();
        }
        size_ += !node->is_word;
        node->is_word = true;
    }

    std::vector<std::string> find(const std::string &prefix) const
    {
        std::vector<std::string> found;
        if (const Node *node = descend(prefix))
            collect(*node, prefix, found);
        return found;
    }

    bool contains(const std::string &word) const
    {
        const Node *node = descend(word);
        return node && node->is_word;
    }

    std::size_t size() const { return size_; }

private:
    const Node *descend(const std::string &prefix) const
    {
        const Node *node = &root_;
        for (char letter : prefix) {
            auto child = node->children.find(letter);
            if (child == node->children.end())
                return nullptr;
            node = child->second.get();
        }
        return node;
    }

    static void collect(const Node &node, const std::string &word, std::vector<std::string> &found)
    {
        if (node.is_word)
            found.push_back(word);
        for (const auto &[letter, child] : node.children)
            collect(*child, word + letter, found);
    }

    Node root_;
    std::size_t size_ = 0;
};

} // namespace

NB_MODULE(_tree, module)
{
    nb::class_<PrefixTree>(module, "PrefixTree", "A set of words that is searched by their beginnings.")
        .def(nb::init<>())
        .def("add", &PrefixTree::add, nb::arg("word"))
        .def("find", &PrefixTree::find, nb::arg("prefix"), "The words that begin with *prefix*, sorted by their UTF-8.")
        .def("__contains__", &PrefixTree::contains)
        .def("__len__", &PrefixTree::size);
}
