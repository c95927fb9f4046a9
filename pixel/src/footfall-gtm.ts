/** For tag managers, which inject a script by its address alone: puts the tag into the page, with the options of its query
 * (`footfall-gtm.js?writeKey=...`) as attributes. Not where the page has a tag already. */
const own = document.currentScript as HTMLScriptElement;
if (!document.querySelector('script[data-write-key]')) {
  const tag = document.createElement('script');
  new URL(own.src).searchParams.forEach((value, name) => {
    // (an attribute's name as the options have them; any other would throw)
    if (/^[a-z]+$/i.test(name)) tag.dataset[name] = value;
  });
  // (dynamic scripts are async; the policy that let the tag manager's in lets this one in by the same nonce)
  tag.nonce = own.nonce;
  tag.src = new URL('footfall.js', own.src).href;
  own.after(tag);
}
export {};
