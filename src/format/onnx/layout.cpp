#include "format/onnx/layout.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace Atoll::format {
namespace {

// The axes longer than 1, in the order in which they are held.
std::vector<int> long_axes(const Shape& meant, const Order& order) {
  std::vector<int> axes;
  for (const int axis : order)
    if (meant[axis] != 1) axes.push_back(axis);
  return axes;
}

// Axes [first, last) of the old shape become axes [new_first, new_last) of the new one.
struct Regroup {
  std::vector<int> before, after;
};

// The smallest groups of long axes with equal products; nothing where there are no such groups.
std::optional<std::vector<Regroup>> regroup(const Shape& from, const Shape& to) {
  const std::vector<int> a = long_axes(from, plain_order(from.rank())), b = long_axes(to, plain_order(to.rank()));
  std::vector<Regroup> groups;
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    Regroup group;
    std::int64_t x = 1, y = 1;
    do {
      if (x <= y && i < a.size()) {
        group.before.push_back(a[i]);
        x *= from[a[i++]];
      } else if (j < b.size()) {
        group.after.push_back(b[j]);
        y *= to[b[j++]];
      } else {
        return std::nullopt;
      }
    } while (x != y);
    groups.push_back(std::move(group));
  }
  return groups;
}

// `order` of all axes whose long ones come in `longs`: axes of length 1 keep near the front where they are first.
Order with_unit_axes(const Shape& shape, const std::vector<int>& longs) {
  Order order;
  if (shape.rank() > 0 && shape[0] == 1) order.push_back(0);
  order.insert(order.end(), longs.begin(), longs.end());
  for (int axis = 1; axis < shape.rank(); ++axis)
    if (shape[axis] == 1) order.push_back(axis);
  return order;
}

}  // namespace

Order plain_order(int rank) {
  Order order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

Order inverse(const Order& order) {
  Order result(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) result[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  return result;
}

Shape held_shape(const Shape& meant, const Order& order) {
  Shape held;
  for (const int axis : order) held.push_back(meant[axis]);
  return held;
}

Shape meant_shape(const Shape& held, const Order& order) { return held_shape(held, inverse(order)); }

int held_axis(const Order& order, int axis) {
  return static_cast<int>(std::find(order.begin(), order.end(), axis) - order.begin());
}

std::vector<int> permutation_between(const Order& from, const Order& to) {
  std::vector<int> permutation;
  for (const int axis : to) permutation.push_back(held_axis(from, axis));
  return permutation;
}

bool same_sequence(const Shape& meant, const Order& a, const Order& b) {
  return long_axes(meant, a) == long_axes(meant, b);
}

Data permuted(const Data& data, std::size_t element, const Shape& meant, const Order& order) {
  const int rank = meant.rank();
  if (same_sequence(meant, order, plain_order(rank))) return data;
  std::vector<std::size_t> stride(order.size(), element), step;
  for (int axis = rank - 2; axis >= 0; --axis)
    stride[static_cast<std::size_t>(axis)] =
        stride[static_cast<std::size_t>(axis) + 1] * static_cast<std::size_t>(meant[axis + 1]);
  for (const int axis : order) step.push_back(stride[static_cast<std::size_t>(axis)]);
  const Shape held = held_shape(meant, order);
  std::vector<std::byte> result(data.size());
  std::vector<std::int64_t> at(order.size(), 0);
  const std::byte* from = data.bytes().data();
  for (std::size_t to = 0; to < result.size(); to += element) {
    std::memcpy(result.data() + to, from, element);
    for (std::size_t d = order.size(); d-- > 0;) {
      from += step[d];
      if (++at[d] < held[static_cast<int>(d)]) break;
      from -= step[d] * static_cast<std::size_t>(at[d]);
      at[d] = 0;
    }
  }
  return Data(std::move(result));
}

std::optional<Order> order_after_reshape(const Shape& from, const Order& order, const Shape& to,
                                         const Order& preferred) {
  if (from.elements() == 0 || from.elements() != to.elements()) return std::nullopt;
  const auto groups = regroup(from, to);
  if (!groups) return std::nullopt;
  const std::vector<int> held = long_axes(from, order);
  std::vector<int> longs;
  for (std::size_t i = 0; i < held.size();) {
    const auto group = std::find_if(groups->begin(), groups->end(),
                                    [&](const Regroup& g) { return !g.before.empty() && g.before[0] == held[i]; });
    if (group == groups->end() || held.size() - i < group->before.size()) return std::nullopt;
    if (!std::equal(group->before.begin(), group->before.end(), held.begin() + static_cast<std::ptrdiff_t>(i)))
      return std::nullopt;
    longs.insert(longs.end(), group->after.begin(), group->after.end());
    i += group->before.size();
  }
  const Order plain = plain_order(to.rank());
  if (preferred.size() == plain.size() && long_axes(to, preferred) == longs) return preferred;
  return long_axes(to, plain) == longs ? plain : with_unit_axes(to, longs);
}

std::optional<Order> order_before_reshape(const Shape& from, const Shape& to, const Order& wanted) {
  return order_after_reshape(to, wanted, from, plain_order(from.rank()));  // the way back
}

}  // namespace Atoll::format
