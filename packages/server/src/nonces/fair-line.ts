/** A line of those who wait, in which groups take turns: a group of many delays a group of one by one place only. */
export class FairLine<Item> {
  /** Of each group that has any, the items that wait; the group whose turn is next comes first. */
  readonly #groups = new Map<string, Set<Item>>();

  add(group: string, item: Item): void {
    const items = this.#groups.get(group);
    if (items === undefined) this.#groups.set(group, new Set([item]));
    else items.add(item);
  }

  /** Takes the item whose turn it is; the others of its group wait until every other group had a turn. */
  next(): Item | undefined {
    const [first] = this.#groups;
    if (first === undefined) return undefined;
    const [group, items] = first;
    const [item] = items;
    items.delete(item as Item);
    this.#groups.delete(group);
    if (items.size > 0) this.#groups.set(group, items);
    return item;
  }

  /** Takes out an item that waits no longer. */
  delete(group: string, item: Item): void {
    const items = this.#groups.get(group);
    items?.delete(item);
    if (items?.size === 0) this.#groups.delete(group);
  }

  /** How many items of a group wait. */
  sizeOf(group: string): number {
    return this.#groups.get(group)?.size ?? 0;
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }
}
