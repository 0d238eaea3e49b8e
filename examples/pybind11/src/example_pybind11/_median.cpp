// The median of all numbers seen so far: two heaps, the lower half with its largest on top, the upper with its smallest.
#include <functional>
#include <queue>
#include <stdexcept>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace py = pybind11;

namespace {

class RunningMedian {
public:
    void add(double number)
    {
        if (lower_.empty() || number <= lower_.top())
            lower_.push(number);
        else
            upper_.push(number);
        if (lower_.size() > upper_.size() + 1) {
            upper_.push(lower_.top());
            lower_.pop();
        } else if (upper_.size() > lower_.size()) {
            lower_.push(upper_.top());
            upper_.pop();
        }
    }

    void extend(const std::vector<double> &numbers)
    {
        for (double number : numbers)
            add(number);
    }

    double median() const
    {
        if (lower_.empty())
            throw std::domain_error("there is no median of nothing");
        return lower_.size() > upper_.size() ? lower_.top() : (lower_.top() + upper_.top()) / 2;
    }

    std::size_t size() const { return lower_.size() + upper_.size(); }

private:
    std::priority_queue<double> lower_;
    std::priority_queue<double, std::vector<double>, std::greater<>> upper_;
};

} // namespace

PYBIND11_MODULE(_median, module)
{
    py::class_<RunningMedian>(module, "RunningMedian", "The median of all numbers that were added.")
        .def(py::init<>())
        .def("add", &RunningMedian::add, py::arg("number"))
        .def("extend", &RunningMedian::extend, py::arg("numbers"))
        .def_property_readonly("median", &RunningMedian::median)
        .def("__len__", &RunningMedian::size);
}
