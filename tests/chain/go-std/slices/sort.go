// Package slices holds what the standard library has since Go 1.21 and cnitool uses: for Debian
// 12's Go 1.19.
package slices

import "sort"

// SortFunc sorts x as compare says: below zero when a comes before b.
func SortFunc[S ~[]E, E any](x S, compare func(a, b E) int) {
	sort.Slice(x, func(i, j int) bool { return compare(x[i], x[j]) < 0 })
}
