// Order: how the axes of a tensor that one format holds relate to those of the tensor that another means: axis i of
// what is held is axis order[i] of what is meant. ONNX's maps [n, c, h, w] are held by a Graph as [n, h, w, c] in the
// order 0, 2, 3, 1; the writer holds a Graph's maps for ONNX in the order 0, 3, 1, 2.
#pragma once

#include <optional>
#include <vector>

#include "atoll/tensor.h"

namespace Atoll::format {

using Order = std::vector<int>;

Order plain_order(int rank);                       // 0, 1, 2, ...
inline Order map_order() { return {0, 2, 3, 1}; }  // channels-first maps held channels last
Order inverse(const Order& order);

Shape held_shape(const Shape& meant, const Order& order);
Shape meant_shape(const Shape& held, const Order& order);
// Where `axis` of what is meant is held.
int held_axis(const Order& order, int axis);

// The permutation that takes what is held in `from` to what is held in `to`.
std::vector<int> permutation_between(const Order& from, const Order& to);
// Whether holding it either way gives the same values one after another, because only axes of length 1 move.
bool same_sequence(const Shape& meant, const Order& a, const Order& b);

// Values of `element` bytes each, `meant` as they stand, as they are held in `order`.
Data permuted(const Data& data, std::size_t element, const Shape& meant, const Order& order);

// How a tensor that is held in `order` is held after its meaning was reshaped, if no value has to move: each group of
// axes that is merged or split must lie side by side, in order. Of several answers `preferred` is taken, then the
// plain one. Nothing where values would have to move.
std::optional<Order> order_after_reshape(const Shape& from, const Order& order, const Shape& to,
                                         const Order& preferred);

// How a tensor must be held before its meaning is reshaped, so that it is held in `wanted` afterwards. Nothing where
// the axes do not come apart that way.
std::optional<Order> order_before_reshape(const Shape& from, const Shape& to, const Order& wanted);

}  // namespace Atoll::format
