/** The item at an index that is known to be there, so that its absence is a fault of ours: throws a RangeError. */
export function at<Item>(items: ArrayLike<Item>, index: number): Item {
  if (index < 0 || index >= items.length) throw new RangeError(`no item ${index} among ${items.length}`)
  return items[index] as Item
}
