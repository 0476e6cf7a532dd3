/** What a timeline is drawn of. */

export function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath()
  context.moveTo(x1, y1)
  context.lineTo(x2, y2)
  context.stroke()
}

export function round(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  radius: number,
): void {
  context.beginPath()
  context.roundRect(x, y, width, height, radius)
}

export function dot(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fill()
}

/** With its tip at a point; a negative height points down to it. */
export function triangle(context: CanvasRenderingContext2D, x: number, y: number, height: number): void {
  context.beginPath()
  context.moveTo(x, y)
  context.lineTo(x - 4.5, y + height)
  context.lineTo(x + 4.5, y + height)
  context.closePath()
  context.fill()
}

export function diamond(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  context.beginPath()
  context.moveTo(x, y - size)
  context.lineTo(x + size, y)
  context.lineTo(x, y + size)
  context.lineTo(x - size, y)
  context.closePath()
  context.fill()
}

export function cross(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  line(context, x - size, y - size, x + size, y + size)
  line(context, x + size, y - size, x - size, y + size)
}

/** On its own ground, so that it can be read over what is drawn there. */
export function textOn(context: CanvasRenderingContext2D, ground: string, text: string, x: number, y: number): void {
  context.save()
  context.strokeStyle = ground
  context.lineWidth = 3
  context.lineJoin = 'round'
  context.strokeText(text, x, y)
  context.restore()
  context.fillText(text, x, y)
}
