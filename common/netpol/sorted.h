// Sorted lists in which each member is once. Internal to this folder.
#pragma once

#include <algorithm>
#include <vector>

namespace catena::netpol {

template <typename T>
void sort_once_each(std::vector<T>& list) {
  std::ranges::sort(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

// Whether it was not there yet.
template <typename T>
bool insert_sorted(std::vector<T>& list, const T& member) {
  const auto at = std::ranges::lower_bound(list, member);
  if (at != list.end() && *at == member) {
    return false;
  }
  list.insert(at, member);
  return true;
}

}  // namespace catena::netpol
