/** Texts that break what does not escape them: line formats, HTML, attributes of it, scripts. */
export const HOSTILE_LABELS: readonly string[] = [
  'a\nsmuggled:7|c',
  'a\r\nsmuggled 7\r\n',
  'a"} 7\nsmuggled{id="x',
  'a\\',
  'a\\n"b',
  'a|#b:c,d',
  'a,b=c d=1',
  '# EOF',
  'ä\u2028b\u0000c',
];

/** A name of printable ASCII that no format takes as it is. */
export const HOSTILE_NAME = 'testkit/h"}|:#,=@;\\ 1';

/** Markup that a page must show as text. */
export const MARKUP: readonly string[] = [
  '</script><script>window.hacked = 1</script>',
  '<img src=x onerror=hacked()>',
  '"><svg onload="hacked()">',
  "' onmouseover='hacked()",
  '</textarea><b>hacked</b>',
  '<!-- hacked -->',
  'javascript:hacked()//&lt;b&gt;',
];
