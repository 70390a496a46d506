/**
 * Characters that show nothing themselves but change how other text looks: marks and overrides of
 * the direction (U+200E, U+202A–E, U+2066–9, U+061C), zero-width characters, tags, variation
 * selectors, and the separators of lines and paragraphs (Unicode, Default_Ignorable_Code_Point; see
 * Unicode Technical Report 36, section 2.5). Text of strangers could use them to look like another
 * text.
 */
export const invisible = /[\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\ufff9-\ufffb]/gu
