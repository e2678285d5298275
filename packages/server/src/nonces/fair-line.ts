/** A queue in which groups take turns, so that a group with many items delays another group by only one item. */
export class FairLine<Item> {
  /** The waiting items of each group. The first group is the next to have a turn. */
  readonly #groups = new Map<string, Set<Item>>();

  add(group: string, item: Item): void {
    const items = this.#groups.get(group);
    if (items === undefined) this.#groups.set(group, new Set([item]));
    else items.add(item);
  }

  /** Removes and returns the next item. The rest of its group waits until every other group has had a turn. */
  next(): Item | undefined {
    for (const [group, items] of this.#groups) {
      const item = items.values().next().value as Item;
      items.delete(item);
      // A group without others always has the next turn.
      if (items.size > 0 && this.#groups.size === 1) return item;
      this.#groups.delete(group);
      if (items.size > 0) this.#groups.set(group, items);
      return item;
    }
    return undefined;
  }

  /** Removes an item that no longer waits. */
  delete(group: string, item: Item): void {
    const items = this.#groups.get(group);
    items?.delete(item);
    if (items?.size === 0) this.#groups.delete(group);
  }

  /** Returns the number of waiting items of a group. */
  sizeOf(group: string): number {
    return this.#groups.get(group)?.size ?? 0;
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }
}
