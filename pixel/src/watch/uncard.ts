/** A run of digits without its cards: 15 to 19 digits, or 14 as Diners Club has them, with a right check digit (Luhn).
 * Other numbers are left alone, such as EAN and ISBN (13 digits) or Shopify's variants (14). A card may have other
 * numbers beside it. */
export const uncard = (run: string): string => {
  const groups = run.split(/[ -]/);
  for (let from = 0; groups[from]; from++)
    for (let to = from, card = ''; groups[to]; to++) {
      card += groups[to];
      if (/^([2-6]\d{14,18}|3[0689]\d{12})$/.test(card) && [...card].reverse().reduce((sum, c, i) => sum + +(i % 2 ? '0246813579'[+c]! : c), 0) % 10 == 0)
        return '***';
    }
  return run;
};
